import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";
import { fromCheckout, ipfsDriver } from "./documented_program.ts";
import { readDocument } from "./markdown.ts";

shareCommandProcesses();

Deno.test("the driver of docs/protocols.md fetches files and folders, and continues them, from a gateway", async () => {
  const driver = ipfsDriver(await readDocument("docs/protocols.md"));
  await using home = await TempDir.create();
  const size = 3_000_000;
  await using gateway = FaultServer.start(({ path, headers, nth }) => {
    if (path === "/ipfs/bafyfolder/") return Response.json({ Links: [{ Name: "a b" }, { Name: "large.bin" }] });
    if (path === "/ipfs/bafyfolder/a%20b") return new Response("small");
    if (path !== "/ipfs/bafyfolder/large.bin") return new Response("", { status: 404 });
    const whole = bytesFor("large", size);
    const from = Number(/^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1] ?? 0);
    // The first answer breaks off.
    const body = nth === 1 ? broken(whole.subarray(0, 2_000_000), home) : whole.subarray(from);
    const range = from === 0 ? {} : { "content-range": `bytes ${from}-${size - 1}/${size}` };
    return new Response(body, {
      status: from === 0 ? 200 : 206,
      headers: { "content-length": `${size - from}`, ...range },
    });
  });
  await home.write(
    "ipfs_driver.ts",
    fromCheckout(driver).replace("http://127.0.0.1:8080", gateway.url),
  );
  const args = ["get", "--protocol", "ipfs:=./ipfs_driver.ts", "--retry-wait", "0.05"];
  const { code, stdout, stderr } = await corehaul([...args, "ipfs://bafyfolder/", "ipfs://bafyfolder/none"], {
    cwd: home.path,
  });
  assertEquals(code, 1, stderr);
  assertStringIncludes(stderr, "bafyfolder: there is no /none");
  assertMatch(stdout, /^1 retries, 1 failures/m);
  assertEquals(await Deno.readTextFile(home.join("downloads/a b")), "small");
  const large = await Deno.readFile(home.join("downloads/large.bin"));
  assertEquals(large, bytesFor("large", size));
  const ranges = gateway.requests.filter(({ path }) => path.endsWith("large.bin")).map(({ headers }) =>
    headers.get("range")
  );
  assertEquals(ranges[0], null);
  assertMatch(ranges[1] ?? "", /^bytes=[1-9]\d*-$/);
});

/** Breaks off once some of it is in the unfinished file: what is still under way then may be lost. */
function broken(bytes: Uint8Array<ArrayBuffer>, home: TempDir): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = false;
  return new ReadableStream({
    async pull(controller) {
      if (!sent) {
        sent = true;
        return controller.enqueue(bytes);
      }
      const part = home.join("downloads/large.bin.part");
      await until("a part of it", () => Deno.stat(part).then(({ size }) => size > 1_000_000, () => false));
      controller.error(new Error("gone"));
    },
  });
}
