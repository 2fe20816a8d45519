import { assertEquals } from "@std/assert";
import { isRedisAddress, parseRedisAddress, shownAddress } from "../../config/redis_address.ts";

const ENCODED = "must have user and password percent-encoded: @ is %40, # is %23, % is %25, / is %2F, ? is %3F";

Deno.test("parseRedisAddress reads servers, Sentinels and clusters, and shows none of their secrets", () => {
  const read = (text: string) => {
    const parsed = parseRedisAddress(text);
    return parsed.type === "address" ? parsed.address : parsed.reason;
  };
  assertEquals(read("redis://host"), {
    kind: "server",
    tls: false,
    nodes: [{ host: "host", port: 6379 }],
    database: 0,
    shown: "redis://host:6379/0",
  });
  assertEquals(read("rediss://me:a%3Ab%40c@[::1]:7000/3"), {
    kind: "server",
    tls: true,
    nodes: [{ host: "::1", port: 7000 }],
    username: "me",
    password: "a:b@c",
    database: 3,
    shown: "rediss://[::1]:7000/3",
  });
  assertEquals(read("redis+sentinel://:secret@a,b:26380/my%20group/2"), {
    kind: "sentinel",
    tls: false,
    nodes: [{ host: "a", port: 26379 }, { host: "b", port: 26380 }],
    group: "my group",
    password: "secret",
    database: 2,
    shown: "redis+sentinel://a:26379,b:26380/my%20group/2",
  });
  assertEquals(read("rediss+cluster://a:1,b:2"), {
    kind: "cluster",
    tls: true,
    nodes: [{ host: "a", port: 1 }, { host: "b", port: 2 }],
    database: 0,
    shown: "rediss+cluster://a:1,b:2/0",
  });
});

Deno.test("parseRedisAddress says what is wrong with an address", () => {
  for (
    const text of [
      "redis://",
      "redis://a:0",
      "redis://a:65536",
      "redis://a b",
      "redis://a,b",
      "redis://a/x",
      "redis://a/1/2",
      "redis://%zz@a",
      "redis+sentinel://a",
      "redis+sentinel://a/group/x",
      "redis+sentinel://a/%zz/0",
      "redis+cluster://a/1",
      "redis+other://a",
      "redis://a?b=c",
    ]
  ) {
    assertEquals([text, isRedisAddress(text), parseRedisAddress(text).type], [text, true, "problem"]);
  }
  for (const text of ["kv:redis://a", "https://redis", "redis", "rediss"]) assertEquals(isRedisAddress(text), false);
});

Deno.test("parseRedisAddress says how to write a password whose characters mean something in an address", () => {
  for (const login of [":p@ss", ":p#ss", ":p%ss", "me:p?ss", ":p/ss", "m@e:p", ":100%", ":a@b#c%d", ":p@ss#"]) {
    for (
      const [scheme, path] of [["redis", "/0"], ["rediss", ""], ["redis+sentinel", "/group/0"], ["rediss+cluster", ""]]
    ) {
      const parsed = parseRedisAddress(`${scheme}://${login}@host${path}`);
      assertEquals(parsed.type === "problem" && parsed.reason, ENCODED, login);
    }
  }
  const encoded = parseRedisAddress("redis://:p%40s%23s%25@host");
  assertEquals(encoded.type === "address" && encoded.address.password, "p@s#s%");
});

Deno.test("shownAddress has no user and no password", () => {
  assertEquals(shownAddress("redis+sentinel://me:secret@a,b/group"), "redis+sentinel://a:26379,b:26379/group/0");
  assertEquals(shownAddress("https://me:secret@host/db"), "https://host/db");
  assertEquals(shownAddress("kv:file@home.db"), "kv:file@home.db");
  assertEquals(shownAddress("redis://me:secret@@/x"), "redis:");
  assertEquals(shownAddress("https://me:se@cret@host/db"), "https://host/db");
});
