import { assertEquals } from "@std/assert";
import { hostUrl } from "../../cli/host_url.ts";

const SCHEMES = new Set(["http:", "https:", "ftp:", "s3:", "data:", "file:", "mem:"]);

Deno.test("hostUrl takes a host with or without port and path for one of http", () => {
  for (
    const word of [
      "example.org",
      "example.org/a.iso",
      "localhost:8000/x",
      "localhost",
      "127.0.0.1:80",
      "[::1]:8080/x?y#z",
      "example.org?x=http://a/b",
      "bücher.example/ü",
      "例子.测试",
      "my_host:1/a:b@c",
    ]
  ) assertEquals(hostUrl(word, SCHEMES), `http://${word}`, word);
});

Deno.test("hostUrl leaves urls as they are, and takes nothing else for a host", () => {
  for (
    const word of [
      "http://example.org",
      "HTTPS://example.org",
      "gopher://example.org/x",
      "http:8080",
      "mem:1",
      "data:,x",
      "file:/etc/passwd",
      "mailto:me@example.org",
      "magnet:?xt=urn:btih:x",
      "me@example.org/x",
      "me:secret@example.org",
      "localhost:http",
      "localhost:80000",
      "/etc/passwd",
      "./a",
      "../a",
      "-x",
      "a b",
      "",
      "?x",
    ]
  ) assertEquals(hostUrl(word, SCHEMES), undefined, word);
});
