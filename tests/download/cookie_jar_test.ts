import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CookieJar } from "../../download/cookie_jar.ts";
import { TempDir } from "../support/temp_dir.ts";
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

Deno.test("CookieJar sends a cookie whose path is percent-encoded to the urls that it was set by", () => {
  for (const path of ["/a%20b", "/a%20b/", "/%41", "/a%2Fb", "/%E6%96%87", "/%ff", "/100%25"]) {
    const url = `https://e.org${path}`;
    const jars = [
      stored([`a=1; Path=${path}`], url),
      stored(["a=1"], `${url.replace(/\/$/, "")}/file`),
      loaded(["e.org", "FALSE", path, "FALSE", "0", "a", "1"]),
    ];
    for (const [i, jar] of jars.entries()) {
      assertEquals(jar.cookieHeader(`${url.replace(/\/$/, "")}/file`), "a=1", `${path} ${i}`);
      assertEquals(jar.cookieHeader("https://e.org/other"), undefined, path);
    }
  }
});

Deno.test("CookieJar takes the lines that programs write, though they are not all of one form", () => {
  const cases: [line: string[], url: string, header: string][] = [
    [["e.org", "FALSE", "/", "FALSE", "", "a", "1"], "http://e.org/", "a=1"],
    [["e.org", "FALSE", "/", "FALSE", "-1", "a", "1"], "http://e.org/", "a=1"],
    [["e.org", "FALSE", "/", "FALSE", "9.9e9", "a", "1"], "http://e.org/", "a=1"],
    [["e.org", "FALSE", "/", "FALSE", "9.9E+9", "a", "1"], "http://e.org/", "a=1"],
    [["e.org", "FALSE", "/", "FALSE", "0", "a"], "http://e.org/", "a="],
    [["e.org", "FALSE", "/", "FALSE", "0", "", "1"], "http://e.org/", "1"],
    [["e.org", "FALSE", "/", "FALSE", "0", "a", "1", "2", ""], "http://e.org/", "a=1\t2\t"],
    [["e.org", "0", "/", "0", "0", "a", "1"], "http://e.org/", "a=1"],
    [[".e.org", "1", "/", "1", "0", "a", "1"], "https://www.e.org/", "a=1"],
    [[".github.io", "TRUE", "/", "FALSE", "0", "a", "1"], "http://github.io/", "a=1"],
    [[".co.uk", "TRUE", "/", "FALSE", "0", "a", "1"], "http://co.uk/", "a=1"],
    [["org", "TRUE", "/", "FALSE", "0", "a", "1"], "http://org/", "a=1"],
    [["localhost", "TRUE", "/", "FALSE", "0", "a", "1"], "http://localhost/", "a=1"],
    [[".intranet", "TRUE", "/", "FALSE", "0", "a", "1"], "http://intranet/", "a=1"],
  ];
  for (const [line, url, header] of cases) {
    const jar = new CookieJar();
    assertEquals(jar.loadNetscapeCookies(line.join("\t")), [], line.join(" "));
    assertEquals(jar.cookieHeader(url), header, line.join(" "));
  }
  for (const [domain, other] of [[".github.io", "you.github.io"], ["org", "e.org"], [".intranet", "a.intranet"]]) {
    const jar = loaded([domain!, "TRUE", "/", "FALSE", "0", "a", "1"]);
    assertEquals(jar.cookieHeader(`http://${other}/`), undefined, other);
  }
});

Deno.test("CookieJar passes over the lines that have no cookie, tells their numbers, and takes all others", () => {
  const good = ["e.org", "FALSE", "/", "FALSE", "0", "a", "1"];
  const but = (field: number, text: string) => good.with(field - 1, text).join("\t");
  const bad = [
    "word",
    good.slice(0, 5).join("\t"),
    good.join("    "),
    '[{ "name": "a" }]',
    `#HttpOnly_${good.slice(2).join("\t")}`,
    but(1, ""),
    but(1, "."),
    but(1, "me@e.org"),
    but(1, "e.org/x"),
    but(1, "/e.org"),
    but(1, "e.org:8080"),
    but(1, "e e.org"),
    but(2, "yes"),
    but(3, "x"),
    but(3, ""),
    but(4, "2"),
    but(5, "soon"),
    but(5, "0x10"),
    but(6, "b=c"),
    but(6, "b;c"),
    but(6, "b c"),
    but(7, "1; Path=/"),
    but(7, "1\0"),
    good.with(5, "").with(6, "").join("\t"),
    but(6, "__Secure-b"),
    but(6, "__Host-b"),
  ];
  for (const line of bad) {
    const jar = new CookieJar();
    const text = ["# comment", "", good.join("\t"), line, good.with(5, "last").join("\t")].join("\n");
    assertEquals(jar.loadNetscapeCookies(text), [4], line);
    assertEquals(jar.cookieHeader("https://e.org/"), "a=1; last=1", line);
  }
});

Deno.test("CookieJar reads a file that Python's MozillaCookieJar has written", async () => {
  await using home = await TempDir.create();
  const program = `
import sys
from http.cookiejar import Cookie, MozillaCookieJar
jar = MozillaCookieJar(sys.argv[1])
def add(name, value, domain, path="/", secure=False, expires=None, specified=False):
    jar.set_cookie(Cookie(0, name, value, None, False, domain, specified, domain.startswith("."), path, True, secure,
                          expires, expires is None, None, None, {}))
add("session", "1", "e.org")
add("later", "2", ".e.org", expires=4000000000, secure=True, specified=True)
add("bare", None, "e.org")
add("empty", "", "e.org")
add("deep", "3", "e.org", path="/a%20b")
jar.save(ignore_discard=True, ignore_expires=True)
`;
  const { success, stderr } = await new Deno.Command("python3", {
    args: ["-c", program, home.join("cookies.txt")],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const jar = new CookieJar();
  assertEquals(jar.loadNetscapeCookies(await Deno.readTextFile(home.join("cookies.txt"))), []);
  const sent = (url: string) => jar.cookieHeader(url)?.split("; ").sort();
  assertEquals(sent("https://e.org/"), ["bare", "empty=", "later=2", "session=1"]);
  assertEquals(sent("http://e.org/a%20b/c"), ["bare", "deep=3", "empty=", "session=1"]);
  assertEquals(sent("https://www.e.org/"), ["later=2"]);
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

Deno.test("CookieJar reads whatever file without an error", () => {
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
      const passedOver = new CookieJar().loadNetscapeCookies(lines.join("\n"));
      assert(passedOver.every((line) => line >= 1 && line <= lines.join("\n").split("\n").length), `${passedOver}`);
    }),
    { numRuns: 3000 },
  );
});
