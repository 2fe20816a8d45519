import { assert } from "@std/assert";

let made = 0;

/** A network of its own, joined to this one by a cable that can be pulled. Only root can make one. */
export class NetNamespace implements AsyncDisposable {
  readonly #name: string;
  readonly #cable: string;

  /** This machine as those in there see it. */
  readonly gateway: string;

  private constructor(name: string, cable: string, gateway: string) {
    this.#name = name;
    this.#cable = cable;
    this.gateway = gateway;
  }

  /** True if this process may make one. */
  static get allowed(): boolean {
    return Deno.build.os === "linux" && Deno.uid() === 0;
  }

  /** Makes one. */
  static async create(): Promise<NetNamespace> {
    const number = ++made;
    const name = `ch${Deno.pid}n${number}`;
    // Networks that are reserved for tests (RFC 2544); two tests at a time do not meet.
    const net = `198.18.${Deno.pid % 250}.${number * 4}`.replace(/\.\d+$/, "");
    const [gateway, inside] = [`${net}.${number * 4 + 1}`, `${net}.${number * 4 + 2}`];
    const cable = `ch${Deno.pid}c${number}`;
    const space = new NetNamespace(name, cable, gateway);
    try {
      await ip("netns", "add", name);
      await ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name);
      await ip("addr", "add", `${gateway}/30`, "dev", cable);
      await ip("link", "set", cable, "up");
      await ip("-n", name, "addr", "add", `${inside}/30`, "dev", "eth0");
      await ip("-n", name, "link", "set", "lo", "up");
      await ip("-n", name, "link", "set", "eth0", "up");
      await ip("-n", name, "route", "add", "default", "via", gateway);
    } catch (error) {
      await space[Symbol.asyncDispose]();
      throw error;
    }
    return space;
  }

  /** What a command is started with to run in there. */
  get wrapper(): string[] {
    return ["ip", "netns", "exec", this.#name];
  }

  /** Pulls the cable, or puts it back. */
  async cable(plugged: boolean): Promise<void> {
    await ip("link", "set", this.#cable, plugged ? "up" : "down");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ip("netns", "del", this.#name).catch(() => {});
    // The cable goes with the network, but perhaps not at once.
    await ip("link", "del", this.#cable).catch(() => {});
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null", stdout: "null" }).output();
  assert(success, `Cannot ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
