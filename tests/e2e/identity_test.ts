/** Who asks, who may be asked, and that nobody else hears of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { walk } from "@std/fs/walk";
import { RawServer } from "../download/raw_server.ts";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { SocksServer } from "../support/socks_server.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { TempDir } from "../support/temp_dir.ts";

const NETRC = "machine 127.0.0.1 login me password secret-netrc\n";
const COOKIES = "127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tsecret-cookie\n";

function answer({ path }: { path: string }): Response {
  return path === "/gone" ? new Response("", { status: 404 }) : new Response(path);
}

/** Everything that a run left behind but the list, as text. */
async function leftBehind(home: TempDir): Promise<string> {
  let all = "";
  const given = /(?:netrc|cookies|tasks|cfg)\.\w+$|queue\.db/;
  for await (const { path } of walk(home.path, { includeDirs: false })) {
    if (!given.test(path)) all += `${path}\n${await Deno.readTextFile(path)}\n`;
  }
  return all;
}

shareCommandProcesses(2);

testClients(
  "corehaul sends headers, credentials and cookies of its options, and shows them nowhere",
  async (client) => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(answer);
    await home.write("netrc.txt", NETRC);
    await home.write("cookies.txt", COOKIES);
    const options = ["--header", "X-Key: secret-one", "--header=X-More: secret-two", "--user-agent", "agent/1"];
    const files = ["--referer", "http://ref.test/secret-ref", "--netrc", "netrc.txt", "--cookies", "cookies.txt"];
    const { ended, tasks } = await runOnce(home, client, [
      `${server.url}/plain`,
      { url: `${server.url}/own`, headers: { "x-key": "secret-own" } },
      `${server.url.replace("//", "//you:secret-url@")}/userinfo`,
      `${server.url.replace("//", "//you:secret-url@")}/gone`,
    ], [...options, ...files, "--log-level", "debug", "--log-file", "run.log"]);
    assertCode(ended, 1);
    const names = ["user-agent", "referer", "x-key", "x-more", "cookie", "authorization"];
    const seen: Record<string, unknown> = Object.fromEntries(
      server.requests.map(({ path, headers }) => [path, names.map((name) => headers.get(name))]),
    );
    const usual = ["agent/1", "http://ref.test/secret-ref", "secret-one", "secret-two", "sid=secret-cookie"];
    const netrc = `Basic ${btoa("me:secret-netrc")}`;
    const url = `Basic ${btoa("you:secret-url")}`;
    assertEquals(seen, {
      "/plain": [...usual, netrc],
      "/own": [...usual.with(2, "secret-own"), netrc],
      "/userinfo": [...usual, url],
      "/gone": [...usual, url],
    });
    const shown = [ended.stdout, ended.stderr, JSON.stringify(tasks), await leftBehind(home)].join("\n");
    assert(shown.includes("gone") && shown.includes("userinfo"));
    for (const secret of ["secret-", btoa("me:secret-netrc"), btoa("you:secret-url")]) {
      assert(!shown.includes(secret), `${secret} is in ${shown}`);
    }
  },
);

const NOTED = /^(x-|cookie|accept:|authorization)/i;

/** A server that notes the lines of the headers as they come; `/away` leads to another one. */
function headerServer(seen: Record<string, string[]>, away?: URL, noted = NOTED): RawServer {
  return new RawServer(async (connection) => {
    const head = await connection.request();
    if (head === undefined) return;
    const path = head.split(" ")[1]!;
    seen[path] = head.split("\r\n").slice(1).filter((line) => noted.test(line))
      .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
      .map((line) => line.replace(/^(authorization: AWS4-HMAC-SHA256) .*$/, "$1"))
      .filter((line) => !/^x-amz-(?!none)/.test(line)).sort();
    const closing = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    await connection.send(
      path === "/away" ? `HTTP/1.1 302 Found\r\nLocation: ${away}\r\n${closing}` : `HTTP/1.1 200 OK\r\n${closing}`,
    );
  });
}

for (const how of ["auto", "fetch", "deny-private"]) {
  Deno.test(`corehaul sends all values of a header that is given several times, ${how}`, async () => {
    await using home = await TempDir.create();
    const seen: Record<string, string[]> = {};
    await using other = headerServer(seen);
    await using server = headerServer(seen, other.url("/other"));
    const given = [
      "X-Tag: a",
      "x-tag: b",
      "Cookie: c=1",
      "X-One: 1",
      "Cookie: d=2",
      "Accept: image/png",
      "X-TAG: c, d",
    ];
    given.push("Accept: image/gif;q=0.5", "X-Empty;", "Authorization: mine", "X-Away: 1", "X-AWAY:", "X-None:");
    const allow = [server, other].flatMap(({ port }) => ["--allow-private", `127.0.0.1:${port}`]);
    const options = how === "deny-private" ? ["--deny-private", ...allow] : ["--http-client", how];
    const entries = [
      server.url("/plain").href,
      { url: server.url("/own").href, headers: { "x-tag": "own", cookie: "own=1" } },
      server.url("/away").href,
      "s3://bucket/key",
    ];
    await home.write("tasks.json", JSON.stringify(entries));
    const headers = given.flatMap((header) => ["--header", header]);
    const args = ["run", "--once", "--tasks", "tasks.json", "--s3-endpoint", server.url().href, ...options, ...headers];
    const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    assertCode(await corehaul(args, { cwd: home.path, env }), 0);
    const all = [
      "accept: image/png, image/gif;q=0.5",
      "authorization: mine",
      "cookie: c=1; d=2",
      "x-away: 1",
      "x-empty: ",
      "x-one: 1",
      "x-tag: a, b, c, d",
    ];
    assertEquals(seen, {
      "/plain": all,
      "/own": all.with(2, "cookie: own=1").with(6, "x-tag: own"),
      "/away": all,
      "/other": all.slice(0, 1),
      "/bucket/key": all.with(1, "authorization: AWS4-HMAC-SHA256"),
    });
  });
}

for (const how of ["auto", "fetch", "deny-private"]) {
  Deno.test(`corehaul sends none of a header that is given without a value, as curl does, ${how}`, async () => {
    await using home = await TempDir.create();
    const seen: Record<string, string[]> = {};
    await using server = headerServer(seen, undefined, /^(x-|cookie|accept:|authorization|user-agent|referer)/i);
    const options = how === "deny-private"
      ? ["--deny-private", "--allow-private", `127.0.0.1:${server.port}`]
      : ["--http-client", how];
    const bare = server.url("/plain").href.replace("//", "//me:secret@");
    await home.write(
      "tasks.json",
      JSON.stringify([
        bare,
        { url: server.url("/own").href, headers: { "x-kept": "", "X-BLANK": " ", "user-agent": "own" } },
        "s3://bucket/key",
      ]),
    );
    await home.write("cookies.txt", COOKIES);
    const given = [
      "User-Agent:",
      "Accept: ",
      "Authorization:",
      "Cookie:",
      "Referer:",
      "X-Kept: 1",
      "x-amz-none:",
      "X-Blank;",
    ];
    const headers = given.flatMap((header) => ["--header", header]);
    const more = ["--user-agent", "agent/1", "--referer", "http://ref.test/", "--cookies", "cookies.txt"];
    const args = ["run", "--once", "--tasks", "tasks.json", "--s3-endpoint", server.url().href, ...options, ...headers];
    const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    assertCode(await corehaul([...args, ...more], { cwd: home.path, env }), 0);
    // The runtime's fetch sends these two in any case, so there they have no value.
    const always = how === "fetch" ? ["accept: ", "user-agent: "] : [];
    assertEquals(seen, {
      "/plain": [...always, "x-blank: ", "x-kept: 1"],
      "/own": [...always.slice(0, 1), "user-agent: own", "x-blank: "],
      "/bucket/key": [
        ...always.slice(0, 1),
        "authorization: AWS4-HMAC-SHA256",
        ...always.slice(1),
        "x-blank: ",
        "x-kept: 1",
      ],
    });
  });
}

Deno.test("corehaul takes headers from flags, else from the variable, else from the file", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(answer);
  await home.write("cfg.json", JSON.stringify({ cfg_header: ["X-A: file", "X-B: file"] }));
  const get = async (name: string, more: string[], env: Record<string, string>) => {
    const args = ["get", `${server.url}/${name}`, "--config", "cfg.json", ...more];
    assertCode(await corehaul(args, { cwd: home.path, env }), 0);
    const { headers } = server.requests.at(-1)!;
    return [headers.get("x-a"), headers.get("x-b")];
  };
  assertEquals(await get("1", [], {}), ["file", "file"]);
  assertEquals(await get("2", [], { CFG_HEADER: "X-A: env\nX-B: env" }), ["env", "env"]);
  assertEquals(await get("3", ["--header", "X-B: -1"], { CFG_HEADER: "X-A: env" }), [null, "-1"]);
});

Deno.test("corehaul asks through --proxy, whatever the environment says of proxies", async () => {
  await using home = await TempDir.create();
  await using origin = FaultServer.start(({ path }) => new Response(`origin ${path}`));
  await using proxy = FaultServer.start(() => new Response("proxied"));
  await using socks = new SocksServer(origin.port);
  const env = { http_proxy: "http://127.0.0.1:9", all_proxy: "http://127.0.0.1:9", NO_PROXY: "*" };
  const get = async (name: string, url: string) => {
    const args = ["get", `http://files.test/${name}`, "--proxy", url, "--retries", "0"];
    assertCode(await corehaul(args, { cwd: home.path, env }), 0);
    return await Deno.readTextFile(home.join("downloads", name));
  };
  assertEquals(await get("a", proxy.url), "proxied");
  assertEquals(await get("b", `socks5://127.0.0.1:${socks.port}`), "origin /b");
  assertEquals(socks.requests, [{ target: "files.test:80" }]);
});

testClients(
  "corehaul keeps to NO_PROXY as other programs read it, and to the proxy for everything else",
  async (client) => {
    await using home = await TempDir.create();
    await using origin = FaultServer.start(() => new Response("direct"));
    await using proxy = FaultServer.start(() => new Response("by proxy"));
    const get = async (name: string, noProxy: string, host = "127.0.0.1") => {
      const url = `http://${host}:${new URL(origin.url).port}/${name}`;
      const env = { http_proxy: proxy.url, NO_PROXY: noProxy };
      assertCode(await corehaul(["get", url, "--retries", "0", "--http-client", client], { cwd: home.path, env }), 0);
      return await Deno.readTextFile(home.join("downloads", name));
    };
    assertEquals(await get("none", "files.test"), "by proxy");
    assertEquals(await get("all", "*"), "direct");
    assertEquals(await get("case", "LocalHost", "localhost"), "direct");
    assertEquals(await get("network", "10.0.0.0/8 127.0.0.0/8"), "direct");
    assertEquals(await get("port", `127.0.0.1:${new URL(origin.url).port}`), "direct");
    assertEquals(await get("other", "127.0.0.1:1"), "by proxy");
  },
);

Deno.test("corehaul names a variable that is no proxy, and a proxy that lets nothing pass", async () => {
  await using home = await TempDir.create();
  const get = (env: Record<string, string>) =>
    corehaul(["get", "https://files.test/x", "--retries", "0"], { cwd: home.path, env: { NO_PROXY: "", ...env } });
  const wrong = await get({ https_proxy: "socks4://me:s3cret@127.0.0.1:1" });
  assertCode(wrong, 2);
  assertMatch(wrong.stderr, /Cannot use the variable https_proxy as it must be a url such as http:/);
  assert(!wrong.stderr.includes("s3cret"), wrong.stderr);
  await using proxy = FaultServer.start(() => new Response("", { status: 403 }));
  const refused = await get({ HTTPS_PROXY: proxy.url.replace("//", "//me:s3cret@") });
  assertCode(refused, 1);
  assertMatch(refused.stderr, /files\.test: the proxy http:\/\/127\.0\.0\.1:\d+ answers CONNECT with HTTP status 403/);
  assert(!refused.stderr.includes("s3cret"), refused.stderr);
});

testClients(
  "corehaul takes any certificate with --insecure, one of its own with --ca, and else none",
  async (client) => {
    await using home = await TempDir.create();
    const pair = await testCertificate(["localhost"]);
    await home.write("ca.pem", `some text\n${pair.cert}`);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, ...pair, onListen: () => {} },
      () => new Response("file"),
    );
    const get = async (name: string, host: string, more: string[], env: Record<string, string> = {}) => {
      const url = `https://${host}:${server.addr.port}/${name}`;
      const ended = await corehaul(["get", url, "--http-client", client, ...more], { cwd: home.path, env });
      if (ended.code !== 0) {
        assertMatch(ended.stderr, /certificate/);
      }
      return ended.code;
    };
    const codes = [
      await get("a", "localhost", []),
      await get("b", "localhost", ["--ca", "ca.pem"]),
      await get("c", "127.0.0.1", ["--ca", "ca.pem"]),
      await get("d", "127.0.0.1", ["--insecure"]),
      await get("e", "127.0.0.1", [], { CFG_INSECURE: "yes" }),
      await get("f", "127.0.0.1", ["--insecure=no"], { CFG_INSECURE: "yes" }),
    ];
    await server.shutdown();
    assertEquals(codes, [1, 0, 1, 0, 0, 1]);
  },
);

testClients(
  "corehaul --deny-private fails tasks that lead to private addresses at once, but for servers let pass",
  async (client) => {
    await using home = await TempDir.create();
    await using secret = FaultServer.start(() => new Response("secret"));
    await using server: FaultServer = FaultServer.start(({ path }) => {
      if (path === "/away") return new Response("", { status: 302, headers: { location: `${secret.url}/x` } });
      // Of no known length: not a case for the narrow client.
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(path));
          controller.close();
        },
      });
      return new Response(path === "/unsized" ? body : path);
    });
    const urls = [
      `${server.url}/plain`,
      `${server.url}/unsized`,
      `${server.url}/away`,
      `${secret.url}/direct`,
      `${server.url.replace("127.0.0.1", "localhost")}/name`,
    ];
    const allow = ["--allow-private", `127.0.0.1:${server.port}`];
    const { ended, tasks } = await runOnce(home, client, urls, ["--deny-private", ...allow]);
    assertCode(ended, 1);
    const found = Object.fromEntries(
      tasks.map(({ url, status, attempts, error }) => [new URL(url).pathname, [status, attempts, error?.kind]]),
    );
    const refused = ["failed", 1, "security"];
    assertEquals(found, {
      "/plain": ["done", 1, undefined],
      "/unsized": ["done", 1, undefined],
      "/away": refused,
      "/direct": refused,
      "/name": refused,
    });
    assertEquals(secret.requests, []);
    assertEquals(await Deno.readTextFile(home.join("files", "unsized")), "/unsized");
  },
);

Deno.test("corehaul get and add take a host without a scheme for http, say so once, and tell it nothing of the user", async () => {
  await using home = await TempDir.create();
  await home.write("netrc.txt", NETRC);
  await using server = FaultServer.start(answer);
  const host = server.url.replace("http://", "");
  const who = ["--netrc", "netrc.txt", "--header", "X-Key: secret-key", "--user-agent", "test/1"];
  const told = `no scheme is given: ${server.url}/a is asked, without netrc and the headers of options`;
  const heard = (path: string) => {
    const { headers } = server.requests.find((request) => request.path === path)!;
    return ["authorization", "x-key", "user-agent"].map((name) => headers.get(name));
  };
  const known = ["Basic bWU6c2VjcmV0LW5ldHJj", "secret-key", "test/1"];

  const got = await corehaul(["get", `${host}/a`, `${host}/b`, `${server.url}/c`, ...who], { cwd: home.path });
  assertCode(got, 0);
  assertEquals(got.stderr.split("\n").filter((line) => line.includes("no scheme")), [told]);
  assertEquals([heard("/a"), heard("/b"), heard("/c")], [[null, null, "test/1"], [null, null, "test/1"], known]);

  await home.write("list.txt", `${host}/f\n${server.url}/g\n`);
  const added = await corehaul(["add", `${host}/d`, "-i", "list.txt"], { cwd: home.path });
  // In a file it is no url.
  assertEquals([added.code, added.stdout], [1, "2 added, 0 known already, 1 refused\n"]);
  assertCode(await corehaul(["run", "--once", ...who], { cwd: home.path }), 0);
  assertEquals([heard("/d"), heard("/g")], [[null, null, "test/1"], known]);

  const file = await corehaul(["get", "list.txt"], { cwd: home.path });
  assertEquals([file.code, file.stdout], [2, ""]);
  assertMatch(file.stderr, /"list\.txt" is a file: write -i list\.txt for the URLs in it, or http:\/\/list\.txt/);
});
