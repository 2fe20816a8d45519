import { assertEquals } from "@std/assert";
import { LoopbackRegistry } from "./loopback_registry.ts";

Deno.test("LoopbackRegistry refuses uploads that the real one would not take", async () => {
  await using registry = new LoopbackRegistry();
  const url = `${registry.url}api/scopes/corehaul/packages/corehaul/versions/1.0.0?config=/deno.json`;
  const archive = await new Response(
    new Blob([new Uint8Array(1024)]).stream().pipeThrough(new CompressionStream("gzip")),
  )
    .bytes();
  const headers = { authorization: "Bearer x", "content-encoding": "gzip" };

  const anonymous = await fetch(url, { method: "POST", body: archive });
  assertEquals([anonymous.status, (await anonymous.json()).code], [401, "missingAuthentication"]);
  const plain = await fetch(url, { method: "POST", body: "x", headers: { authorization: "Bearer x" } });
  assertEquals([plain.status, (await plain.json()).code], [400, "malformedRequest"]);

  const empty = await fetch(url, { method: "POST", body: archive, headers });
  const { id, status } = await empty.json();
  assertEquals([empty.status, status], [200, "pending"]);
  const task = await (await fetch(`${registry.url}api/publish_status/${id}`)).json();
  assertEquals(task.error, { code: "invalidPackage", message: "Cannot read the package as deno.json is missing" });
  assertEquals(registry.uploads, []);

  const missing = await fetch(`${registry.url}@corehaul/corehaul/meta.json`);
  assertEquals([missing.status, (await missing.json()).code], [404, "notFound"]);
});
