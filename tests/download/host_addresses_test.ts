import { assert, assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { type Connect, HostAddresses } from "../../download/host_addresses.ts";
import { NameLookups, type ResolveName } from "../../download/name_lookups.ts";
import { freePort } from "../support/nginx_server.ts";

const never = new AbortController().signal;

function guardedConnect(allowPrivate: readonly string[], resolve?: ResolveName): Connect {
  const names = resolve === undefined ? new NameLookups() : new NameLookups({ resolve });
  return new HostAddresses({ denyPrivate: true, allowPrivate }, names).connect;
}

/** Accepts connections of the loopback, and counts them. */
class Listener implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #over: Promise<void>;
  /** How many came. */
  accepted = 0;

  constructor(hostname = "127.0.0.1") {
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.#over = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.accepted++;
      connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#over;
  }
}

Deno.test("HostAddresses that denies private addresses refuses addresses that are not public without a connection, and for good", async () => {
  await using four = new Listener();
  await using six = new Listener("::1");
  const connect = guardedConnect([]);
  const targets = [
    { hostname: "127.0.0.1", port: four.port },
    { hostname: "localhost", port: four.port },
    { hostname: "::1", port: six.port },
    { hostname: "::ffff:7f00:1", port: four.port },
    { hostname: "169.254.169.254", port: 80 },
    { hostname: "10.0.0.1", port: 80 },
  ];
  for (const target of targets) {
    const error = await assertRejects(() => connect({ ...target, signal: never }), DownloadError, target.hostname);
    assertEquals([error.kind, error.retryable], ["security", false], target.hostname);
  }
  assertEquals([four.accepted, six.accepted], [0, 0]);
});

Deno.test("HostAddresses that denies private addresses refuses a name if any of its addresses is not public", async () => {
  await using listener = new Listener();
  const { port } = listener;
  for (const addresses of [["1.1.1.1", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"], ["2606:4700::1111", "::1"]]) {
    const connect = guardedConnect([], () => Promise.resolve(addresses));
    const error = await assertRejects(() => connect({ hostname: "mixed.test", port, signal: never }), DownloadError);
    assertEquals(error.kind, "security");
  }
  assertEquals(listener.accepted, 0);
});

Deno.test("HostAddresses that denies private addresses dials what it has looked at, for as long as an answer counts", async () => {
  await using listener = new Listener();
  const { port } = listener;
  // The answers of a server that wants to lead astray: the second one is private.
  const answers = [["127.0.0.1"], ["10.255.255.1"]];
  const asked: string[] = [];
  const connect = guardedConnect([`rebind.test:${port}`], (name) => {
    asked.push(name);
    return Promise.resolve(answers.shift()!);
  });
  for (let i = 0; i < 2; i++) {
    using connection = await connect({ hostname: "rebind.test", port, signal: never });
    assertEquals((connection.remoteAddr as Deno.NetAddr).hostname, "127.0.0.1");
  }
  assertEquals(asked, ["rebind.test"]);
});

Deno.test("HostAddresses that denies private addresses judges each answer anew, as a name may lead elsewhere the next time", async () => {
  let now = 0;
  const answers = [["192.0.2.1", "1.1.1.1"], ["127.0.0.1"]];
  const names = new NameLookups({ resolve: () => Promise.resolve(answers.shift()!), now: () => now });
  const { connect } = new HostAddresses({ denyPrivate: true, allowPrivate: ["other.test:80"] }, names);
  for (const address of ["192.0.2.1", "192.0.2.1", "127.0.0.1"]) {
    const connecting = () => connect({ hostname: "rebind.test", port: 80, signal: never });
    await assertRejects(connecting, DownloadError, address);
    now += 40_000;
  }
});

Deno.test("HostAddresses that denies private addresses lets a named server pass, on its port only", async () => {
  await using listener = new Listener();
  const { port } = listener;
  const connect = guardedConnect([`localhost:${port}`, `[::1]:${port}`]);
  (await connect({ hostname: "localhost", port, signal: never })).close();
  await assertRejects(() => connect({ hostname: "127.0.0.1", port, signal: never }), DownloadError);
  await assertRejects(() => connect({ hostname: "localhost", port: freePort(), signal: never }), DownloadError);
  // Nobody listens there, but it was let pass.
  await assertRejects(() => connect({ hostname: "::1", port, signal: never }), Deno.errors.ConnectionRefused);
});

Deno.test("HostAddresses that denies private addresses goes on to the next address, and fails as the last one did", async () => {
  await using listener = new Listener();
  const { port } = listener;
  const passes = [`a.test:${port}`];
  const connect = guardedConnect(passes, () => Promise.resolve(["127.0.0.9", "::1", "127.0.0.1"]));
  using connection = await connect({ hostname: "a.test", port, signal: never });
  assertEquals((connection.remoteAddr as Deno.NetAddr).hostname, "127.0.0.1");
  const nowhere = guardedConnect(passes, () => Promise.resolve(["127.0.0.9", "::1"]));
  await assertRejects(() => nowhere({ hostname: "a.test", port, signal: never }), Deno.errors.ConnectionRefused);
  const nothing = guardedConnect(passes, () => Promise.resolve([]));
  await assertRejects(() => nothing({ hostname: "a.test", port, signal: never }), Error, "no address");
});

Deno.test("HostAddresses that denies private addresses gives up with the reason of an abort, also while it looks a name up", async () => {
  const controller = new AbortController();
  const looking = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string[]>();
  const connect = guardedConnect([], () => {
    looking.resolve();
    return answer.promise;
  });
  const connecting = connect({ hostname: "slow.test", port: 80, signal: controller.signal });
  connecting.catch(() => {});
  await looking.promise;
  const reason = new Error("enough");
  controller.abort(reason);
  assert(await assertRejects(() => connecting) === reason);
  assert(await assertRejects(() => connect({ hostname: "slow.test", port: 80, signal: controller.signal })) === reason);
  answer.resolve(["1.1.1.1"]);
  await answer.promise;
});

Deno.test("HostAddresses forgets the addresses of a name when none of them can be connected", async () => {
  await using listener = new Listener();
  const { port } = listener;
  const answers = [["127.0.0.9", "127.0.0.8"], ["127.0.0.9", "::1", "127.0.0.1"]];
  let asked = 0;
  const names = new NameLookups({ resolve: () => Promise.resolve(answers[asked++]!) });
  const { connect } = new HostAddresses({ denyPrivate: false, allowPrivate: [] }, names);
  const target = { hostname: "moved.test", port, signal: never };
  await assertRejects(() => connect(target), Deno.errors.ConnectionRefused);
  for (let i = 0; i < 2; i++) {
    using connection = await connect(target);
    assertEquals((connection.remoteAddr as Deno.NetAddr).hostname, "127.0.0.1");
  }
  assertEquals(asked, 2);
});
