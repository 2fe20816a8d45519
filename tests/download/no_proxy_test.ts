import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { noProxyRule } from "../../download/no_proxy.ts";
import { proxyChoice } from "../../download/proxy_choice.ts";

const CASES: [rule: string, exempt: string[], others: string[]][] = [
  ["*", ["http://a.test/", "https://1.2.3.4:8443/", "http://[::1]/"], []],
  ["x.test, *", ["http://a.test/"], []],
  ["", [], ["http://a.test/", "http://127.0.0.1/"]],
  [" , ,", [], ["http://a.test/"]],
  ["a.test", ["http://a.test/", "https://A.TEST:8443/", "http://b.a.test/", "http://a.test./"], [
    "http://ba.test/",
    "http://a.test.b/",
    "http://test/",
  ]],
  ["A.Test", ["http://a.test/", "http://b.A.test/"], []],
  [".a.test", ["http://a.test/", "http://b.a.test/", "http://c.b.a.test/"], ["http://ba.test/"]],
  ["*.a.test", ["http://a.test/", "http://b.a.test/"], ["http://ba.test/"]],
  ["a.test.", ["http://a.test/"], []],
  ["localhost", ["http://localhost:3000/"], ["http://127.0.0.1/"]],
  ["bücher.test", ["https://bücher.test/", "https://xn--bcher-kva.test/"], []],
  ["a.test:8080", ["http://a.test:8080/", "http://b.a.test:8080/"], ["http://a.test/", "http://a.test:80/"]],
  ["a.test:443", ["https://a.test/"], ["http://a.test/", "https://a.test:444/"]],
  ["a.test:80", ["http://a.test/"], ["https://a.test/"]],
  ["127.0.0.1", ["http://127.0.0.1/", "http://127.1:99/", "http://[::ffff:127.0.0.1]/"], ["http://127.0.0.2/"]],
  ["127.0.0.1:99", ["http://127.0.0.1:99/"], ["http://127.0.0.1/"]],
  ["0.0.1", [], ["http://127.0.0.1/"]],
  ["::1", ["http://[::1]/", "http://[0:0:0:0:0:0:0:1]:99/"], ["http://[::2]/", "http://127.0.0.1/"]],
  ["[::1]", ["http://[::1]/", "http://[::1]:99/"], ["http://[::2]/"]],
  ["[::1]:99", ["http://[::1]:99/"], ["http://[::1]/"]],
  ["FE80::A", ["http://[fe80::a]/"], []],
  ["10.0.0.0/8", ["http://10.1.2.3/", "https://10.255.0.1:8443/"], ["http://11.0.0.1/", "http://10.test/"]],
  ["10.1.2.3/8", ["http://10.9.9.9/"], []],
  ["192.168.0.0/16:8080", ["http://192.168.1.1:8080/"], ["http://192.168.1.1/"]],
  ["fd00::/8", ["http://[fd12::1]/"], ["http://[fe00::1]/", "http://10.0.0.1/"]],
  ["[fd00::]/8", ["http://[fd12::1]/"], ["http://[fe00::1]/"]],
  ["0.0.0.0/0", ["http://1.2.3.4/"], ["http://a.test/", "http://[fd12::1]/"]],
  ["a.test b.test\tc.test ,d.test", ["http://a.test/", "http://b.test/", "http://c.test/", "http://d.test/"], []],
  // What means nothing exempts nobody, and spoils no other.
  ["10.0.0.0/33, 10.0.0.0/x, [::1, /8, :80, a.test:, http://b.test, c.test", ["http://c.test/"], [
    "http://10.0.0.1/",
    "http://[::1]/",
    "http://a.test/",
  ]],
];

Deno.test("noProxyRule exempts names, addresses, networks and ports, however they are written", () => {
  for (const [text, exempt, others] of CASES) {
    const isExempt = noProxyRule(text);
    for (const url of exempt) assertEquals(isExempt(new URL(url)), true, `"${text}" ${url}`);
    for (const url of others) assertEquals(isExempt(new URL(url)), false, `"${text}" ${url}`);
  }
});

Deno.test("noProxyRule takes any text", () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom(...".:/[]*,0 1".split(""), "10.0.0.0", "::", "a.test"));
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    noProxyRule(pieces.join(""))(new URL("http://a.test/"));
    noProxyRule(pieces.join(""))(new URL("http://[::1]:8080/"));
  }));
});

Deno.test("proxyChoice takes the proxy that was given, else that of the environment for the scheme, else none", () => {
  const choose = (identity: Parameters<typeof proxyChoice>[0], url: string) => proxyChoice(identity)?.(new URL(url));
  const environmentProxies = { http: "http://plain:1", https: "http://tls:1" };
  assertEquals(proxyChoice({}), undefined);
  assertEquals(proxyChoice({ noProxy: "a.test" }), undefined);
  assertEquals(choose({ environmentProxies }, "http://a.test/"), "http://plain:1");
  assertEquals(choose({ environmentProxies }, "https://a.test/"), "http://tls:1");
  assertEquals(choose({ environmentProxies: { https: "http://tls:1" } }, "http://a.test/"), undefined);
  assertEquals(choose({ environmentProxies, proxy: "http://given:1" }, "https://a.test/"), "http://given:1");
  for (const proxy of [{}, { proxy: "http://given:1" }]) {
    const rules = { environmentProxies, ...proxy, noProxy: "a.test:443" };
    assertEquals(choose(rules, "https://a.test/"), undefined);
    assertEquals(choose(rules, "http://a.test/") === undefined, false);
  }
});
