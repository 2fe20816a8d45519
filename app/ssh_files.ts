import { dirname } from "@std/path";
import { homedir, userInfo } from "node:os";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { privateKeyProblem } from "./private_key_problem.ts";
import { readIfThere } from "./read_if_there.ts";
import { readSshConfig } from "./ssh_config.ts";
import { knownName } from "../download/protocols/known_hosts.ts";
import type { SshAnswer, SshPorts, SshQuestion } from "../download/protocols/ssh_access.ts";

/** What decides which files are read. */
export type SshSettings = Pick<CfgSettings, "sshKey" | "sshKnownHosts" | "sshAcceptNew">;

const USUAL_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];
const GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts";
const USUAL_KNOWN_HOSTS = ["~/.ssh/known_hosts"];
/** What `StrictHostKeyChecking` says of new keys. One that has changed is refused, whatever it says. */
const ACCEPTS_NEW: Readonly<Record<string, boolean>> = {
  yes: false,
  ask: false,
  "accept-new": true,
  no: true,
  off: true,
};

/**
 * Reads what `ssh` would read: the user's configuration, keys and host keys. Commands in the configuration (`Match exec`)
 * are not run.
 */
export class SshFiles implements SshPorts {
  readonly #settings: SshSettings;
  readonly #home: string;
  /** Where the key of a server goes that was not known, by the name of the server. */
  readonly #files = new Map<string, string | undefined>();

  /**
   * @param settings Which files.
   * @param home The user's home folder. Default: as the system says.
   */
  constructor(settings: SshSettings, home: string = homedir()) {
    this.#settings = settings;
    this.#home = home;
  }

  async access({ alias, port, user }: SshQuestion): Promise<SshAnswer> {
    const config = await readSshConfig(`${this.#home}/.ssh/config`, this.#home, alias, user);
    const via = config("proxyjump") ?? config("proxycommand");
    if (via !== undefined && via !== "none") {
      return {
        type: "problem",
        message: "~/.ssh/config names a ProxyJump or ProxyCommand for it, which is not followed",
      };
    }
    const strict = config("stricthostkeychecking") ?? "ask";
    const acceptsNew = ACCEPTS_NEW[strict.toLowerCase()];
    if (acceptsNew === undefined) {
      const must = "must be yes, ask, accept-new, no or off";
      const message = `Cannot use ~/.ssh/config as its StrictHostKeyChecking ${must}: current value is "${strict}"`;
      return { type: "problem", message };
    }
    const { sshKey, sshKnownHosts, sshAcceptNew } = this.#settings;
    const hostname = (config("hostname") ?? "%h").replaceAll("%h", alias);
    const name = user ?? config("user") ?? Deno.env.get("USER") ?? userInfo().username;
    const words = { hostname, user: name };
    const keyFiles = sshKey ?? config.all("identityfile") ?? USUAL_KEYS.map((key) => `~/.ssh/${key}`);
    const keys: string[] = [];
    for (const file of keyFiles) {
      const text = await readIfThere(this.#path(file, words));
      // Of a key that was not asked for by name, the agent may have the other half.
      if (text !== undefined && privateKeyProblem(text) === undefined) keys.push(text);
    }
    const named = sshKnownHosts === undefined
      ? config.all("userknownhostsfile")?.flatMap((files) => files.split(/\s+/)) ?? USUAL_KNOWN_HOSTS
      : [sshKnownHosts];
    const own = named.filter((file) => file !== "none").map((file) => this.#path(file, words));
    const texts = await Promise.all(
      [...own, ...sshKnownHosts === undefined ? [GLOBAL_KNOWN_HOSTS] : []].map(readIfThere),
    );
    const at = port ?? Number(config("port") ?? 22);
    const hostKeyAlias = config("hostkeyalias");
    this.#files.set(hostKeyAlias === undefined ? knownName(hostname, at) : hostKeyAlias.toLowerCase(), own[0]);
    const agent = config("identityagent") ?? Deno.env.get("SSH_AUTH_SOCK");
    return {
      type: "access",
      access: {
        hostname,
        port: at,
        user: name,
        keys,
        ...(agent === undefined || agent === "" || agent === "none" ? {} : { agent: this.#path(agent, words) }),
        knownHosts: texts.map((text) => text ?? "").join("\n"),
        acceptNew: sshAcceptNew || acceptsNew,
        ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
      },
    };
  }

  async trust(line: string): Promise<string | undefined> {
    const [name = "", type = ""] = line.split(" ");
    const file = this.#files.has(name) ? this.#files.get(name) : `${this.#home}/.ssh/known_hosts`;
    if (file === undefined) return undefined;
    try {
      const text = await readIfThere(file) ?? "";
      const lines = text.split("\n").map((each) => each.trim());
      if (lines.includes(line)) return undefined;
      if (lines.some((each) => each.startsWith(`${name} ${type} `))) {
        return `its host key is another one than a moment ago: somebody may be in between`;
      }
      await Deno.mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const gap = text === "" || text.endsWith("\n") ? "" : "\n";
      await Deno.writeTextFile(file, `${gap}${line}\n`, { append: true, mode: 0o600 });
      return undefined;
    } catch (error) {
      return `Cannot keep the host key as ${file} must be a file that can be written (${reasonOf(error)})`;
    }
  }

  #path(file: string, { hostname, user }: { hostname: string; user: string }): string {
    return file.replace(/^~(?=\/)/, this.#home).replaceAll("%d", this.#home).replaceAll("%h", hostname)
      .replaceAll("%r", user);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
