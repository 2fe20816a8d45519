import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetrcError, readNetrc } from "../../download/netrc.ts";

Deno.test("readNetrc gives a host the credentials of its entry, however the entry is laid out", () => {
  const me = { login: "me", password: "secret" };
  const texts = [
    "machine e.org login me password secret",
    "machine\te.org\n\tlogin\n\tme\n\tpassword\n\tsecret\n",
    "machine e.org\r\nlogin me\r\npassword secret\r\n",
    "\ufeffmachine e.org password secret account x login me",
    'machine "e.org" login "me" password "secret"',
    "machine a.org login x password y machine e.org login me password secret machine b.org login z password z",
    "machine e.org login me password secret\nmachine e.org login other password other",
    "# machine e.org login x password y\nmachine e.org # of mine\nlogin me # and\npassword secret",
    "macdef init\ncd /pub\nmachine e.org login x\n\nmachine e.org login me password secret",
    "macdef init\r\nmachine e.org login x\r\n\r\nmachine e.org login me password secret",
    "machine e.org\nmacdef init\nlogin x\nbin\n\nlogin me password secret",
    'machine e.org login me password secret\nmacdef last\nno empty line "after it',
    "machine E.ORG login me password secret",
    "Machine e.org LOGIN me Password secret",
    "machine e.org port 8080 login me protocol https password secret",
    "machine e.org login me keepalive yes password secret",
    "what is this\nmachine e.org login me password secret and so on",
    "default login any password one machine e.org login me password secret",
    "default login any password one\nmacdef init\ncd /pub\n\nmachine e.org login me password secret\ndefault login x",
    "macdef init\ncd /pub\n \nmachine e.org login x\n\nmachine e.org login me password secret",
    "machine e.org login me password secret\nmacdef",
    "machine e.org login x login me password secret",
  ];
  for (const text of texts) assertEquals(readNetrc(text)("e.org"), me, text);
});

Deno.test("readNetrc takes quotes, backslashes and number signs in values for what they are", () => {
  const cases: [string, string][] = [
    ['"a b"', "a b"],
    ['""', ""],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['a"b', 'a"b'],
    ["a\\ b", "a b"],
    ["a\\\\b", "a\\b"],
    ["#a#", "#a#"],
    ["a#b", "a#b"],
    ['"# a"', "# a"],
    ["login", "login"],
    ["pässwörd", "pässwörd"],
    ["a\u00a0b", "a\u00a0b"],
  ];
  for (const [value, password] of cases) {
    const text = `machine e.org password ${value} login me\nmachine f.org login x password y`;
    assertEquals(readNetrc(text)("e.org"), { login: "me", password }, value);
    assertEquals(readNetrc(text)("f.org"), { login: "x", password: "y" }, value);
  }
});

Deno.test("readNetrc gives default to hosts without an entry, and nothing to those with an empty one", () => {
  const credentials = readNetrc(
    "machine e.org login me password secret machine none.org default login any password one",
  );
  assertEquals(credentials("e.org"), { login: "me", password: "secret" });
  assertEquals(credentials("f.org"), { login: "any", password: "one" });
  assertEquals(credentials("none.org"), undefined);
  for (
    const text of [
      "",
      " \n",
      "# nothing",
      "default",
      "machine e.org account x",
      "macdef x\n\n",
      "machine a.org login a",
    ]
  ) {
    assertEquals(readNetrc(text)("e.org"), undefined, text);
  }
});

Deno.test("readNetrc gives a user of a host the entry with that login, or one without a login", () => {
  const credentials = readNetrc(`
    machine e.org login a password 1
    machine f.org login x password 8
    machine e.org login b password 2
    machine e.org login b password 3
    machine g.org password any
    machine h.org login nobody
    machine i.org account x
    default login c password 4`);
  const password = (host: string, login?: string) => credentials(host, login)?.password;
  assertEquals(["a", "b", undefined].map((login) => password("e.org", login)), ["1", "2", "1"]);
  assertEquals(credentials("E.ORG", "b"), { login: "b", password: "2" });
  // Nobody gets the password of another user.
  assertEquals(["A", "x", "", "d"].map((login) => credentials("e.org", login)), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  // What is for all hosts is for those as well that have other users.
  assertEquals([password("e.org", "c"), password("z.org", "c"), password("z.org", "a")], ["4", "4", undefined]);
  assertEquals([password("g.org", "a"), password("g.org")], ["any", "any"]);
  assertEquals([password("h.org", "nobody"), password("h.org")], ["", ""]);
  assertEquals([password("i.org", "c"), password("i.org")], [undefined, undefined]);
});

Deno.test("readNetrc takes the first default, and the first entry of a host", () => {
  const credentials = readNetrc(
    "default login a password 1\ndefault login b password 2 machine e.org login c machine e.org login d",
  );
  assertEquals(credentials("f.org"), { login: "a", password: "1" });
  assertEquals(credentials("f.org", "b"), { login: "b", password: "2" });
  assertEquals(credentials("e.org")?.login, "c");
});

Deno.test("readNetrc leaves empty what the entry does not have", () => {
  assertEquals(readNetrc("machine e.org login me")("e.org"), { login: "me", password: "" });
  assertEquals(readNetrc("default password secret")("e.org"), { login: "", password: "secret" });
});

Deno.test("readNetrc knows a host only as a whole, in either spelling of its name", () => {
  const credentials = readNetrc("machine e.org login a machine bücher.example login b machine ::1 login c");
  for (const host of ["www.e.org", "e.or", "xe.org", "org", "", "__proto__", "constructor"]) {
    assertEquals(credentials(host), undefined, host);
  }
  assertEquals(credentials("E.Org")?.login, "a");
  assertEquals(credentials(new URL("https://bücher.example").hostname)?.login, "b");
  assertEquals(credentials(new URL("https://[::1]/").hostname)?.login, "c");
});

Deno.test("readNetrc names the line of what it cannot read, and nothing that stands there", () => {
  const cases: [string, number, RegExp][] = [
    ["\n\nlogin S3CRET", 3, /machine or default before login/],
    ["password S3CRET", 1, /machine or default before password/],
    ["machine e.org login S3CRET\npassword \n\n", 2, /have a value after password/],
    ["machine", 1, /have a value after machine/],
    ['machine e.org\npassword "S3CRET\n"', 2, /close its quotes/],
    ['machine e.org password "S3CRET\\"', 1, /close its quotes/],
    ['machine e.org\npassword "S3CRET"S3CRET', 2, /have white space after quotes/],
    ["machine e.org\npassword S3CRET\\\nlogin x", 2, /not end in a backslash/],
    ["machine e.org password S3CRET\\", 1, /not end in a backslash/],
    ['machine e.org\nmacdef x\nS3CRET\n\n\n"S3CRET', 6, /close its quotes/],
    ['# S3CRET\r\n\r\n"S3CRET', 3, /close its quotes/],
  ];
  for (const [text, line, must] of cases) {
    const error = assertThrows(() => readNetrc(text), NetrcError, undefined, text);
    assertEquals([error.code, error.line], ["netrc", line], text);
    assertMatch(error.message, new RegExp(`^Cannot read line ${line} of the netrc file as it must `));
    assertMatch(error.message, must, text);
    assert(!error.message.includes("S3CRET") && !error.message.includes("e.org"), error.message);
  }
});

Deno.test("readNetrc reads back whatever is written in quotes", () => {
  const word = fc.string({ unit: "binary" }).map((text) => text.replace(/[\n\r]/g, ""));
  const quote = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
  fc.assert(
    fc.property(
      fc.dictionary(fc.domain(), fc.tuple(word, word)),
      fc.constantFrom(" ", "\n", " # x\n"),
      (all, space) => {
        const text = Object.entries(all).map(([host, [login, password]]) =>
          `machine ${host} login ${quote(login)}${space}password ${quote(password)}${space}`
        );
        const credentials = readNetrc(text.join(""));
        for (const [host, [login, password]] of Object.entries(all)) {
          assertEquals(credentials(host), { login, password });
        }
      },
    ),
  );
});

Deno.test("readNetrc fails with nothing but its own error, whatever the text", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "machine",
      "default",
      "login",
      "password",
      "macdef",
      " ",
      "\n",
      "\n\n",
      '"',
      "\\",
      "#",
      "\r\n",
      "x",
    ),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  let read = 0;
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join("");
      try {
        readNetrc(text)("e.org");
        read++;
      } catch (error) {
        assert(error instanceof NetrcError, `${error}`);
        assert(error.line >= 1 && error.line <= text.split("\n").length, `${error.line}`);
      }
    }),
    { numRuns: 3000 },
  );
  assert(read > 100, `only ${read} read`);
});

Deno.test("readNetrc reads a large file", () => {
  const text = `# ${"x".repeat(1e6)}\n`.repeat(2) + "\n".repeat(1e5) + `macdef m\n${"cd x\n".repeat(1e5)}\n` +
    Array.from({ length: 20_000 }, (_, i) => `# note\nmachine h${i}.org login u${i} password p${i}\n`).join("");
  assertEquals(readNetrc(text)("h19999.org"), { login: "u19999", password: "p19999" });
});
