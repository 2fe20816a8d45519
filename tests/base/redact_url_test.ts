import { assertEquals } from "@std/assert";
import { redactUrl } from "../../base/redact_url.ts";

Deno.test("redactUrl removes user and password, and nothing else", () => {
  const cases: [string, string][] = [
    ["https://me:secret@example.org/a?b=c@d", "https://example.org/a?b=c@d"],
    ["https://me@example.org/", "https://example.org/"],
    ["https://me:se@cret@example.org/", "https://example.org/"],
    ["https://example.org/@user/a", "https://example.org/@user/a"],
    ["ftp://u:p@h/x", "ftp://h/x"],
    ["//u:p@h/x", "//u:p@h/x"],
    ["u:p@h/x", "h/x"],
  ];
  for (const [url, redacted] of cases) assertEquals(redactUrl(url), redacted, url);
});
