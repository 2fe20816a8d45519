import { assert, assertEquals } from "@std/assert";
import { LoneClients } from "../../download/protocols/lone_clients.ts";

function clients(): { lone: LoneClients; made: (string | undefined)[] } {
  const made: (string | undefined)[] = [];
  const lone = new LoneClients((proxy) => {
    made.push(proxy);
    return Deno.createHttpClient({});
  });
  return { lone, made };
}

Deno.test("LoneClients gives a client to one request at a time, and again for the same server and proxy", () => {
  const { lone, made } = clients();
  using _ = lone;
  const one = lone.take("https://a.test", undefined);
  const two = lone.take("https://a.test", undefined);
  assert(one.client !== two.client);
  one.end(true);
  const again = lone.take("https://a.test", undefined);
  assert(again.client === one.client);
  // Whose turn is over has no more say.
  one.end(false);
  again.end(true);
  assert(lone.take("https://a.test", undefined).client === one.client);
  assert(lone.take("https://b.test", undefined).client !== one.client);
  two.end(true);
  assert(lone.take("https://a.test", "http://p.test").client !== two.client);
  assertEquals(made, [undefined, undefined, undefined, "http://p.test"]);
});

Deno.test("LoneClients closes what broke off, and keeps few clients that nobody uses", () => {
  const { lone } = clients();
  const broken = lone.take("https://a.test", undefined);
  broken.end(false);
  assertEquals(lone.size, 0);
  const all = Array.from({ length: 20 }, () => lone.take("https://a.test", undefined));
  for (const { end } of all) end(true);
  assertEquals(lone.size, 16);
  const used = lone.take("https://a.test", undefined);
  assert(used.client === all.at(-1)!.client);
  // The test would see a client that is left open.
  lone[Symbol.dispose]();
  used.end(true);
  assertEquals(lone.size, 0);
});
