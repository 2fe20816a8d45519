import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { redactUrl } from "../../base/redact_url.ts";

Deno.test("redactUrl removes user and password, and nothing else", () => {
  const cases: [string, string][] = [
    ["https://me:secret@example.org/a?b=c@d", "https://example.org/a?b=c@d"],
    ["https://me@example.org/", "https://example.org/"],
    ["https://me:se@cret@example.org/", "https://example.org/"],
    ["https://example.org/@user/a", "https://example.org/@user/a"],
    ["ftp://u:p@h/x", "ftp://h/x"],
    ["u:p@h/x", "h/x"],
    ["https://me:secret@[::1]:8080/a@b", "https://[::1]:8080/a@b"],
    ["https://me:se cret@münchen.example/a b", "https://münchen.example/a b"],
    ["https://@example.org:59999", "https://example.org:59999"],
    ["s3://bucket/a@b", "s3://bucket/a@b"],
    ["file:///home/a@b", "file:///home/a@b"],
    ["https://[::1]:65535/a@b", "https://[::1]:65535/a@b"],
  ];
  for (const [url, redacted] of cases) assertEquals(redactUrl(url), redacted, url);
});

Deno.test("redactUrl removes user and password however the url is written", () => {
  const cases: [string, string][] = [
    ["http:/me:secret@127.0.0.1:18080/403", "http://127.0.0.1:18080/403"],
    ["http:///me:secret@h/", "http://h/"],
    ["https:me:secret@h/x", "https://h/x"],
    ["https:\\\\me:secret@h\\x", "https://h/x"],
    ["https://\t/me:secret@h/", "https://h/"],
    ["ht\ntp://me:secret@h/", "http://h/"],
    [" https://me:secret@h/", "https://h/"],
    ["\u0000https://me:secret@h/", "https://h/"],
    ["ftp:/me:secret@h/x", "ftp://h/x"],
    ["sftp:/me:secret@h/x", "sftp:/h/x"],
    ["sftp:///me:secret@h/x", "sftp:///h/x"],
    ["me:se/cret@h/x y", "h/x y"],
    ["sftp://m@e:secr\\et@h/x", "sftp://h/x"],
    ["https://me:secret@h\\x@y/", "https://h/x@y/"],
    ["https://me:secret@h:65535/x", "https://h:65535/x"],
  ];
  for (const [url, redacted] of cases) {
    assert(URL.canParse(url), url);
    assertEquals(redactUrl(url), redacted, url);
  }
});

Deno.test("redactUrl hides what may be a password in what is no url", () => {
  const cases: [string, string][] = [
    ["https://me:secret@host:99999/x", "https://host:99999/x"],
    ["https://me:se/cret@host/x", "https://host/x"],
    ["https://me:99999/secret@host/x", "https://host/x"],
    ["https:/me:secret@ho st/x", "https:/ho st/x"],
    ["//me:secret@h/x", "//h/x"],
    ["me/se:cret@h/x y", "h/x y"],
    ["see https://me:secret@h/\nand https://you:secret@h/", "h/"],
  ];
  for (const [url, redacted] of cases) {
    assert(!URL.canParse(url), url);
    assertEquals(redactUrl(url), redacted, url);
  }
});

Deno.test("redactUrl leaves no name and no password in any url that parses", () => {
  const piece = fc.constantFrom(
    ...[
      "http",
      "ftp",
      "sftp",
      ":",
      "/",
      "//",
      "\\",
      "@",
      "me",
      "secret",
      "h.example",
      "[::1]",
      "?",
      "#",
      "\t",
      " ",
      "80",
      "ü",
    ],
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, (url) => {
      const before = URL.parse(url);
      const shown = redactUrl(url);
      const parsed = URL.parse(shown);
      assertEquals([parsed?.username ?? "", parsed?.password ?? ""], ["", ""], shown);
      if (before === null || before.host === "") return;
      before.username = "";
      before.password = "";
      assertEquals(parsed?.href, before.href, "and all else is as it was");
      assertEquals(redactUrl(shown), shown, "once is enough");
    }),
    { numRuns: 20_000 },
  );
});
