import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CookieFileError, CookieJar } from "../../download/cookie_jar.ts";
import { until } from "../support/until.ts";

function stored(lines: string[], url: string): CookieJar {
  const jar = new CookieJar();
  jar.store(lines, url);
  return jar;
}

function loaded(...lines: string[][]): CookieJar {
  const jar = new CookieJar();
  jar.loadNetscapeCookies(lines.map((fields) => fields.join("\t")).join("\n"));
  return jar;
}

/** In seconds since the epoch. */
const FUTURE = String(Math.ceil(Date.now() / 1000) + 3600);

Deno.test("CookieJar gives a host, and no other, the cookies that it set", () => {
  const jar = stored(["a=1", "b=2; Path=/", "c=3; HttpOnly; SameSite=Strict; Path=/"], "https://e.org/x/y");
  assertEquals(jar.cookieHeader("https://e.org/x/z?q#f"), "a=1; b=2; c=3");
  assertEquals(jar.cookieHeader("https://e.org:8443/"), "b=2; c=3");
  assertEquals(jar.cookieHeader("http://E.ORG/xx"), "b=2; c=3");
  for (const url of ["https://www.e.org/", "https://org/", "https://xe.org/", "https://f.org/"]) {
    assertEquals(jar.cookieHeader(url), undefined, url);
  }
});

Deno.test("CookieJar gives cookies with a domain to its subdomains, longer paths first", () => {
  const jar = stored(["a=1; Domain=e.org; Path=/", "b=2; Domain=.E.org; Path=/x"], "https://www.e.org/");
  assertEquals(jar.cookieHeader("https://cdn.e.org/x/y"), "b=2; a=1");
  assertEquals(jar.cookieHeader("https://e.org/"), "a=1");
});

Deno.test("CookieJar takes no cookie for a public suffix, another host, or Secure without https", () => {
  const refused: [string, string][] = [
    ["a=1; Domain=org", "https://e.org/"],
    ["a=1; Domain=co.uk", "https://e.co.uk/"],
    ["a=1; Domain=github.io", "https://me.github.io/"],
    ["a=1; Domain=f.org", "https://e.org/"],
    ["a=1; Domain=www.e.org", "https://e.org/"],
    ["a=1; Secure", "http://e.org/"],
    ["__Host-a=1; Secure; Path=/; Domain=e.org", "https://e.org/"],
    ["__Secure-a=1", "https://e.org/"],
  ];
  for (const [line, url] of refused) {
    const jar = stored([line, "b=2"], url);
    for (const other of [url, "https://e.org/", "https://f.org/", "https://www.e.org/", "https://you.github.io/"]) {
      assertEquals(jar.cookieHeader(other), new URL(other).host === new URL(url).host ? "b=2" : undefined, line);
    }
  }
});

Deno.test("CookieJar sends Secure cookies only over https", () => {
  const jar = stored(["a=1; Secure", "b=2"], "https://e.org/");
  assertEquals(jar.cookieHeader("http://e.org/"), "b=2");
  assertEquals(jar.cookieHeader("https://e.org/"), "a=1; b=2");
});

Deno.test("CookieJar replaces a cookie, and drops it once the server says that it is over", () => {
  const jar = stored(["a=1", "b=1", "c=1", "d=1", "e=1"], "https://e.org/");
  jar.store(["a=2", "b=; Max-Age=0", "c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "d=; Max-Age=-5"], "https://e.org/");
  jar.store(["e=; Max-Age=-99999999999999999999"], "https://e.org/");
  assertEquals(jar.cookieHeader("https://e.org/"), "a=2");
  jar.store(["a=3; Max-Age=99999999999999999999; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "https://e.org/");
  assertEquals(jar.cookieHeader("https://e.org/"), "a=3");
});

Deno.test("CookieJar lets a cookie expire that is in use all the time", async () => {
  const start = Date.now();
  const jar = stored(["a=1; Max-Age=1", "b=2; Max-Age=3600"], "https://e.org/");
  const header = jar.cookieHeader("https://e.org/");
  // On a machine that stood still in between it may be over already.
  if (Date.now() - start >= 1000) assertEquals(header?.slice(-3), "b=2");
  else assertEquals(header, "a=1; b=2");
  await until("the cookie to expire", () => jar.cookieHeader("https://e.org/") === "b=2", { everyMs: 20 });
});

Deno.test("CookieJar works for hosts that are addresses or have one label", () => {
  for (
    const url of [
      "http://127.0.0.1:8080/",
      "http://[::1]/",
      "http://localhost/",
      "http://intranet/",
      "https://e.local/",
    ]
  ) {
    assertEquals(stored(["a=1"], url).cookieHeader(url), "a=1", url);
  }
});

Deno.test("CookieJar keeps the newest 180 cookies of a host, and none that is too long", () => {
  const jar = new CookieJar();
  jar.store(["other=1"], "https://f.org/");
  for (let i = 0; i < 300; i++) jar.store([`c${i}=${i}; Path=/p${i % 3}`, "first=again"], "https://e.org/");
  const kept = ["/p0", "/p1", "/p2"].flatMap((path) => jar.cookieHeader(`https://e.org${path}`)?.split("; ") ?? []);
  assertEquals(new Set(kept).size, 180);
  for (const cookie of ["c299=299", "c122=122"]) assert(kept.includes(cookie), cookie);
  assert(!kept.includes("c100=100"));
  assertEquals(jar.cookieHeader("https://f.org/"), "other=1");
  assertEquals(
    stored([`a=${"x".repeat(4096)}`, `b=${"x".repeat(4095)}`], "https://e.org/").cookieHeader("https://e.org/")
      ?.slice(0, 3),
    "b=x",
  );
});

Deno.test("CookieJar reads a cookies.txt", () => {
  const jar = new CookieJar();
  jar.loadNetscapeCookies([
    "\ufeff# Netscape HTTP Cookie File",
    "#\tcomment\twith\ttabs\t",
    "",
    ["e.org", "FALSE", "/", "FALSE", "0", "host", "1"].join("\t"),
    [".e.org", "TRUE", "/", "TRUE", FUTURE, "secure", "2"].join("\t"),
    ["#HttpOnly_.e.org", "true", "/x", "false", `${FUTURE}.5`, "only", "3"].join("\t") + "\r",
    ["e.org", "FALSE", "/", "FALSE", "1000000000", "old", "4"].join("\t"),
    ["e.org", "FALSE", "/", "FALSE", "9223372036854775807", "forever", 'a=b "c"'].join("\t"),
    ["e.org", "FALSE", "/", "FALSE", "0", "empty", ""].join("\t"),
    "",
  ].join("\n"));
  assertEquals(jar.cookieHeader("http://e.org/"), 'host=1; forever=a=b "c"; empty=');
  assertEquals(jar.cookieHeader("https://www.e.org/x"), "only=3; secure=2");
  assertEquals(jar.cookieHeader("http://www.e.org/"), undefined);
});

Deno.test("CookieJar reads cookies of hosts that are addresses, have one label, or are not ASCII", () => {
  const hosts = ["127.0.0.1", "[::1]", "localhost", "intranet", "bücher.example", "github.io"];
  const jar = loaded(...hosts.map((host) => [host, "FALSE", "/", "FALSE", "0", "a", host.length.toString()]));
  for (const host of hosts) assertEquals(jar.cookieHeader(`http://${host}/`), `a=${host.length}`, host);
  const wide = loaded([".bücher.example", "TRUE", "/", "FALSE", "0", "a", "1"], [
    "[::1]",
    "TRUE",
    "/",
    "FALSE",
    "0",
    "b",
    "2",
  ]);
  assertEquals(wide.cookieHeader("http://www.bücher.example/"), "a=1");
  assertEquals(wide.cookieHeader("http://[::1]/"), "b=2");
});

Deno.test("CookieJar sends a cookie of the file that is not ASCII as the bytes that it has there", () => {
  const header = loaded(["e.org", "FALSE", "/", "FALSE", "0", "ä", "文"]).cookieHeader("https://e.org/");
  assert(header !== undefined);
  assertEquals(new Headers({ cookie: header }).get("cookie"), header);
  assertEquals(new TextDecoder().decode(Uint8Array.from(header, (byte) => byte.charCodeAt(0))), "ä=文");
});

Deno.test("CookieJar lets a server replace a cookie of the file", () => {
  const jar = loaded(["e.org", "FALSE", "/", "FALSE", "0", "a", "1"], [".e.org", "TRUE", "/", "FALSE", "0", "b", "1"]);
  jar.store(["a=2; Path=/", "b=2; Path=/; Domain=e.org"], "https://e.org/login");
  assertEquals(jar.cookieHeader("https://e.org/"), "a=2; b=2");
});

Deno.test("CookieJar names the line of the file that is wrong, nothing that stands there, and adds nothing", () => {
  const good = ["e.org", "FALSE", "/", "FALSE", "0", "S3CRET", "S3CRET"];
  const but = (field: number, text: string) => good.with(field - 1, text).join("\t");
  const cases: [string, RegExp][] = [
    ["S3CRET", /7 fields/],
    [good.slice(0, 6).join("\t"), /7 fields/],
    [[...good, "S3CRET"].join("\t"), /7 fields/],
    [good.join("    "), /7 fields/],
    [`#HttpOnly_${good.slice(1).join("\t")}`, /7 fields/],
    [but(1, ""), /field 1/],
    [but(1, "."), /field 1/],
    [but(1, "S3CRET@e.org"), /field 1/],
    [but(1, "e.org/S3CRET"), /field 1/],
    [but(1, "/e.org"), /field 1/],
    [but(1, "e.org:8080"), /field 1/],
    [but(1, "S3C RET"), /field 1/],
    [but(2, "S3CRET"), /field 2/],
    [but(3, "S3CRET"), /field 3/],
    [but(3, ""), /field 3/],
    [but(4, "1"), /field 4/],
    [but(5, ""), /field 5/],
    [but(5, "-1"), /field 5/],
    [but(5, "S3CRET"), /field 5/],
    [but(6, ""), /field 6/],
    [but(6, "S3=CRET"), /field 6/],
    [but(6, "S3;CRET"), /field 6/],
    [but(7, "S3; CRET=1"), /field 7/],
    [but(7, "S3\0CRET"), /field 7/],
    [["org", "TRUE", "/", "FALSE", "0", "S3CRET", "S3CRET"].join("\t"), /domain may set/],
    [[".co.uk", "TRUE", "/", "FALSE", "0", "S3CRET", "S3CRET"].join("\t"), /domain may set/],
    [but(6, "__Secure-S3CRET"), /domain may set/],
  ];
  for (const [line, must] of cases) {
    const jar = new CookieJar();
    const text = ["# comment", "", good.join("\t"), line, good.join("\t")].join("\n");
    const error = assertThrows(() => jar.loadNetscapeCookies(text), CookieFileError, undefined, line);
    assertEquals([error.code, error.line], ["cookie_file", 4], line);
    assertMatch(error.message, /^Cannot read line 4 of the cookie file as it must /);
    assertMatch(error.message, must, line);
    assert(!error.message.includes("S3C") && !error.message.includes("e.org"), error.message);
    assertEquals(jar.cookieHeader("https://e.org/"), undefined, line);
  }
});

Deno.test("CookieJar ignores cookies that are malformed, and urls that are none", () => {
  const jar = stored(
    ["", ";", "=x", "novalue", "a\x01=1", "a=\x02", "; Path=/", "b=2", "  c = 3 ; x=y"],
    "https://e.org/",
  );
  assertEquals(jar.cookieHeader("https://e.org/"), "b=2; c=3");
  for (const url of ["", "no url", "/", "https://"]) {
    jar.store(["a=1"], url);
    assertEquals(jar.cookieHeader(url), undefined);
  }
  assertEquals(new CookieJar().cookieHeader("https://e.org/"), undefined);
});

Deno.test("CookieJar gives for any lines a header that can be sent", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "a",
      "=",
      ";",
      " ",
      "Path=/",
      "Domain=",
      "e.org",
      "Max-Age=",
      "9",
      "-",
      "Expires=",
      "Secure",
      "__Host-",
    ),
    fc.constantFrom("__proto__", "constructor", "\n", "\r", "\0", '"', ",", "\xff"),
    fc.string({ unit: "binary-ascii", maxLength: 5 }),
  );
  let sent = 0;
  fc.assert(
    fc.property(fc.array(fc.array(piece).map((pieces) => pieces.join("")), { maxLength: 5 }), (lines) => {
      const header = stored(lines, "https://www.e.org/").cookieHeader("https://www.e.org/");
      if (header === undefined) return;
      sent++;
      assertEquals(new Headers({ cookie: header }).get("cookie"), header.trim());
    }),
    { numRuns: 2000 },
  );
  assert(sent > 200, `only ${sent} headers`);
});

Deno.test("CookieJar fails with nothing but its own error, whatever the file", () => {
  const field = fc.oneof(
    fc.constantFrom(
      "e.org",
      ".e.org",
      "#HttpOnly_e.org",
      "TRUE",
      "FALSE",
      "/",
      "0",
      FUTURE,
      "a",
      "",
      "#",
      "[::1]",
      "%",
    ),
    fc.string({ unit: "binary", maxLength: 5 }),
  );
  const line = fc.array(field, { minLength: 6, maxLength: 8 }).map((fields) => fields.join("\t"));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const jar = new CookieJar();
      try {
        jar.loadNetscapeCookies(lines.join("\n"));
      } catch (error) {
        assert(error instanceof CookieFileError, `${error}`);
      }
    }),
    { numRuns: 3000 },
  );
});
