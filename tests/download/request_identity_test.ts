import { assertEquals } from "@std/assert";
import { ANONYMOUS, type HttpIdentity } from "../../download/http_identity.ts";
import { CookieJar } from "../../download/cookie_jar.ts";
import { RequestIdentities } from "../../download/request_identity.ts";

function identitiesOf(identity: HttpIdentity): RequestIdentities {
  if (identity.cookies === undefined) return new RequestIdentities(identity);
  const jar = new CookieJar();
  jar.loadNetscapeCookies(identity.cookies);
  return new RequestIdentities(identity, jar);
}

function headersOf(
  identity: Partial<HttpIdentity>,
  url: string,
  task: Record<string, string> = {},
  hops: string[] = [],
) {
  const request = identitiesOf({ ...ANONYMOUS, ...identity }).start(url, task);
  for (const hop of hops) request.moveTo(new URL(hop));
  return { ...request.headers() };
}

function basic(text: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

Deno.test("RequestIdentities lets headers of the task win over those of the options, in whatever case", () => {
  const headers = { "User-Agent": "option", "X-Key": "option", Referer: "r" };
  const task = { "x-key": "task", "user-agent": "task", "X-More": "grün" };
  const found = headersOf({ headers }, "http://a.test/x", task);
  assertEquals(found, { Referer: "r", "x-key": "task", "user-agent": "task", "X-More": "gr\u00c3\u00bcn" });
});

Deno.test("RequestIdentities takes user name and password out of the url, whatever is in them", () => {
  const identities = new RequestIdentities(ANONYMOUS);
  const cases = {
    "http://me:secret@a.test:8080/x?y#z": "me:secret",
    "http://me@a.test:8080/x?y#z": "me:",
    "http://:secret@a.test:8080/x?y#z": ":secret",
    "http://m%40e:s%3Ae%2F%25zz%C3%A9é@a.test:8080/x?y#z": "m@e:s:e/%zzéé",
  };
  for (const [url, userinfo] of Object.entries(cases)) {
    const request = identities.start(url, {});
    assertEquals(request.url.href, "http://a.test:8080/x?y#z");
    assertEquals(request.headers(), { Authorization: basic(userinfo) });
  }
  assertEquals(identities.start("http://@a.test/", {}).headers(), {});
});

Deno.test("RequestIdentities prefers a header to the url, and the url to netrc", () => {
  const netrc = "machine a.test login net password rc";
  const url = "http://me:pw@a.test/x";
  const auth = (identity: Partial<HttpIdentity>, url: string, task?: Record<string, string>) =>
    Object.values(headersOf(identity, url, task));
  const headers = { Authorization: "option" };
  assertEquals(auth({ netrc, headers }, url, { authorization: "task" }), ["task"]);
  assertEquals(auth({ netrc, headers }, url), ["option"]);
  assertEquals(auth({ netrc }, url), [basic("me:pw")]);
  assertEquals(auth({ netrc }, "http://a.test/x"), [basic("net:rc")]);
  assertEquals(auth({ netrc }, "http://b.test/x"), []);
  // A user name alone has its password there.
  const users = `machine a.test login you password pw ${netrc}`;
  assertEquals(auth({ netrc: users }, "http://net@a.test/x"), [basic("net:rc")]);
  assertEquals(auth({ netrc: users }, "http://net:@a.test/x"), [basic("net:rc")]);
  assertEquals(auth({ netrc: users }, "http://n%65t@a.test/x"), [basic("net:rc")]);
  assertEquals(auth({ netrc: users }, "http://other@a.test/x"), [basic("other:")]);
  assertEquals(auth({ netrc: users }, "http://a.test/x"), [basic("you:pw")]);
  assertEquals(auth({ netrc: users, headers }, "http://net@a.test/x"), ["option"]);
});

Deno.test("RequestIdentities leaves at home what is not for others, and does not bring it out again on a way back", () => {
  const headers = { "User-Agent": "ua", Accept: "a/b", Referer: "r", "X-Key": "k" };
  const home = "https://me:pw@a.test/x";
  const task = { Cookie: "c=1" };
  const all = { Authorization: basic("me:pw"), ...headers, ...task };
  const common = { "User-Agent": "ua", Accept: "a/b" };
  const after = (...hops: string[]) => headersOf({ headers }, home, task, hops);
  assertEquals(after(), all);
  assertEquals(after("https://a.test/y", "https://a.test:443/z"), all);
  for (const other of ["https://b.test/", "http://a.test/", "https://a.test:444/", "https://sub.a.test/"]) {
    assertEquals(after(other), common, other);
    assertEquals(after("https://a.test/y", other, "https://a.test/z"), common, other);
  }
});

Deno.test("RequestIdentities gives each host its own of netrc and cookies, also behind a redirect", () => {
  const netrc = "machine a.test login a password 1\nmachine b.test login b password 2";
  const cookies = ["a.test", "b.test"].map((host) => `${host}\tFALSE\t/\tFALSE\t0\tsid\t${host}\n`).join("");
  const after = (...hops: string[]) => headersOf({ netrc, cookies }, "http://me:pw@a.test/x", {}, hops);
  const ours = { Authorization: basic("me:pw"), Cookie: "sid=a.test" };
  assertEquals(after(), ours);
  assertEquals(after("http://b.test/"), { Authorization: basic("b:2"), Cookie: "sid=b.test" });
  assertEquals(after("http://b.test/", "http://c.test/"), {});
  assertEquals(after("http://b.test/", "http://a.test/"), { Authorization: basic("a:1"), Cookie: "sid=a.test" });
  assertEquals(headersOf({ cookies }, "http://a.test/", { cookie: "mine" }), { cookie: "mine" });
});

Deno.test("RequestIdentities keeps the cookies that servers set, for the requests after", () => {
  const identities = identitiesOf({ ...ANONYMOUS, cookies: "" });
  assertEquals([identities.keepsCookies, new RequestIdentities(ANONYMOUS).keepsCookies], [true, false]);
  const first = identities.start("http://a.test/login", {});
  assertEquals(first.headers(), {});
  first.learn(["sid=1; Path=/", "evil=1; Domain=b.test", "old=1; Max-Age=0"]);
  first.moveTo(new URL("http://b.test/"));
  first.learn(["other=2"]);
  assertEquals(first.headers(), { Cookie: "other=2" });
  assertEquals(identities.start("http://a.test/x", {}).headers(), { Cookie: "sid=1" });
});

Deno.test("RequestIdentities tells who asks only where that is wanted: not of the options nor of netrc, but of the url and the task", () => {
  const headers = { "User-Agent": "option", Accept: "*/*", "X-Key": "option", Authorization: "option" };
  const identities = new RequestIdentities({ ...ANONYMOUS, headers, netrc: "default login me password secret" });
  const of = (url: string, task: Record<string, string> = {}) => identities.start(url, task, true);
  const harmless: Record<string, string> = { "User-Agent": "option", Accept: "*/*" };
  assertEquals({ ...of("http://a.test/x").headers() }, harmless);
  assertEquals(of("http://a.test/x").credentials(), undefined);
  assertEquals({ ...of("http://a.test/x", { "x-key": "task" }).headers() }, { ...harmless, "x-key": "task" });
  assertEquals({ ...of("http://you@a.test/x").headers() }, { ...harmless, Authorization: basic("you:") });
  const moved = of("http://a.test/x");
  moved.moveTo(new URL("http://b.test/x"));
  assertEquals([{ ...moved.headers() }, moved.credentials()], [harmless, undefined]);
});
