import { assert } from "@std/assert";

/** How many networks there can be: as many as 198.18.0.0/15, which is reserved for tests (RFC 2544), has of four addresses. */
const NETWORKS = 32_768;

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
    const number = await claimNetwork();
    const name = nameOf(number);
    const address = (host: number) =>
      `198.${18 + (number >> 14)}.${(number >> 6) & 255}.${((number & 63) << 2) + host}`;
    const [gateway, inside] = [address(1), address(2)];
    const cable = `chc${number}`;
    const space = new NetNamespace(name, cable, gateway);
    try {
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

/** Makes a network under a number that no other test has, in this process or elsewhere: its name is the claim. */
async function claimNetwork(): Promise<number> {
  while (true) {
    const number = Math.floor(Math.random() * NETWORKS);
    if (await Deno.lstat(`/run/netns/${nameOf(number)}`).then(() => true, () => false)) continue;
    await ip("netns", "add", nameOf(number));
    return number;
  }
}

function nameOf(number: number): string {
  return `chn${number}`;
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdin: "null", stdout: "null" }).output();
  assert(success, `Cannot ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
