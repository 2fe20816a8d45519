import { assert, assertEquals } from "@std/assert";
import { hideAddresses, showAddress } from "../../base/show_address.ts";

Deno.test("showAddress has no part of an address before its last @", () => {
  const cases = [
    ["redis://:p@ss@host/0", "redis://…@host/0"],
    ["redis://:p#ss@host", "redis://…@host"],
    ["rediss+cluster://me:p/ss@a,b", "rediss+cluster://…@a,b"],
    ["redi://:secret@host", "redi://…@host"],
    ["me:p@ss@host:6379", "…@host:6379"],
    ["redis:me:secret@host", "…@host"],
    ["kv:redis://:secret@host", "kv:redis://…@host"],
    ["redis://host/0", "redis://host/0"],
    ["kv:file@home.db", "kv:file@home.db"],
    ["https://me:se/cr@et@host/db", "https://…@host/db"],
  ];
  for (const [text, shown] of cases) assertEquals(showAddress(text!), shown);
});

Deno.test("showAddress shows of an address that is right all but user, password, query and fragment", () => {
  const cases = [
    ["https://me:secret@host:81/db?token=secret#secret", "https://host:81/db"],
    ["HTTP://secret@host", "http://host/"],
    ["https://host/db?token=sec@ret", "https://host/db"],
    ["https://host:81/a@b", "https://host:81/a@b"],
    ["redis+sentinel://a:1,[::1]:2/group/0", "redis+sentinel://a:1,[::1]:2/group/0"],
    ["socks5://host:1080", "socks5://host:1080"],
    ["file:///home/me@work/driver.ts", "file:///home/me@work/driver.ts"],
    ["queue.db", "queue.db"],
    ["10.0.0.1:80", "10.0.0.1:80"],
  ];
  for (const [text, shown] of cases) assertEquals(showAddress(text!), shown);
});

Deno.test("showAddress shows no secret, wherever it stands in an address that is wrong", () => {
  const schemes = [
    "redis://",
    "rediss+cluster://",
    "https://",
    "kv:https://",
    "kv:redis://",
    "redi://",
    "https:",
    "redis:",
    "",
  ];
  const secrets = ["S_ECRET", "S@ECRET", "S#ECRET", "S?ECRET", "S/ECRET", "S:ECRET", "S ECRET", "S\\ECRET", "S%ECRET"];
  for (const scheme of schemes) {
    for (const secret of secrets) {
      const texts = [
        `${scheme}me:${secret}@host:1/x`,
        `${scheme}:${secret}@host/0?token=${secret}`,
        `${scheme}host:x/0?token=${secret}`,
        `${scheme}host/0?a=b@c&token=${secret}`,
        `${scheme}host:99999/0#${secret}`,
      ];
      // Without a host a user and a password look like a host and a port. (Behind an @ there is one.)
      if (scheme !== "" && !secret.includes("@")) texts.push(`${scheme}me:${secret}`, `${scheme}:${secret}/0`);
      for (const text of texts) {
        const shown = showAddress(text);
        assert(!/ECRET/.test(shown), `${text} is shown as ${shown}`);
      }
    }
  }
});

Deno.test("hideAddresses hides what is secret in each url of a message, and leaves the rest", () => {
  assertEquals(
    hideAddresses("failed to connect to 'https://me:S@h:1/db?t=S': error (url https://h/?S) at file:///a/b.ts:1:2"),
    "failed to connect to 'https://h:1/db': error (url https://h/) at file:///a/b.ts:1:2",
  );
  assertEquals(
    hideAddresses('it must be a folder: current value is "a@b?c"'),
    'it must be a folder: current value is "a@b?c"',
  );
});
