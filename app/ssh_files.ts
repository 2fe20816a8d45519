import { dirname } from "@std/path";
import { homedir, userInfo } from "node:os";
import SSHConfig from "ssh-config";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { privateKeyProblem } from "./private_key_problem.ts";
import { appendText } from "./output_file.ts";
import { outputPlace } from "./output_place.ts";
import { knownName } from "../download/protocols/known_hosts.ts";
import type { SshAnswer, SshPorts, SshQuestion } from "../download/protocols/ssh_access.ts";

/** What decides which files are read. */
export type SshSettings = Pick<CfgSettings, "sshKey" | "sshKnownHosts" | "sshAcceptNew">;

const USUAL_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];
const GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts";
const USUAL_KNOWN_HOSTS = ["~/.ssh/known_hosts"];

/**
 * Reads what `ssh` would read: the user's configuration, keys and host keys. Commands in the configuration (`Match exec`)
 * are not run, and `Include` is not followed.
 */
export class SshFiles implements SshPorts {
  readonly #settings: SshSettings;
  readonly #home: string;
  /** Where the key of a server goes that was not known, by the name of the server. */
  readonly #files = new Map<string, string>();

  /**
   * @param settings Which files.
   * @param home The user's home folder. Default: as the system says.
   */
  constructor(settings: SshSettings, home: string = homedir()) {
    this.#settings = settings;
    this.#home = home;
  }

  async access({ alias, port, user }: SshQuestion): Promise<SshAnswer> {
    const config = await this.#configOf(alias, user);
    const via = config("proxyjump") ?? config("proxycommand");
    if (via !== undefined && via !== "none") {
      return {
        type: "problem",
        message: "~/.ssh/config names a ProxyJump or ProxyCommand for it, which is not followed",
      };
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
    const knownFiles = sshKnownHosts === undefined
      ? [
        ...config.all("userknownhostsfile")?.flatMap((files) => files.split(/\s+/)) ?? USUAL_KNOWN_HOSTS,
        GLOBAL_KNOWN_HOSTS,
      ]
      : [sshKnownHosts];
    const paths = knownFiles.map((file) => this.#path(file, words));
    const texts = await Promise.all(paths.map(readKeysIfThere));
    const at = port ?? Number(config("port") ?? 22);
    this.#files.set(knownName(hostname, at), paths[0]!);
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
        acceptNew: sshAcceptNew,
      },
    };
  }

  async trust(line: string): Promise<string | undefined> {
    const [name = "", type = ""] = line.split(" ");
    const file = this.#files.get(name) ?? `${this.#home}/.ssh/known_hosts`;
    try {
      await Deno.mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const place = await outputPlace(file);
      // What is read from a device or a FIFO is not what was written to it.
      const text = place.type === "file" ? await Deno.readTextFile(place.path) : "";
      const lines = text.split("\n").map((each) => each.trim());
      if (lines.includes(line)) return undefined;
      if (lines.some((each) => each.startsWith(`${name} ${type} `))) {
        return `its host key is another one than a moment ago: somebody may be in between`;
      }
      const gap = text === "" || text.endsWith("\n") ? "" : "\n";
      await appendText(place, `${gap}${line}\n`, 0o600);
      return undefined;
    } catch (error) {
      return `Cannot keep the host key as ${file} must be a file that can be written (${reasonOf(error)})`;
    }
  }

  /** What the configuration says of a host; keywords in lower case. */
  async #configOf(alias: string, user: string | undefined) {
    const text = await readIfThere(`${this.#home}/.ssh/config`) ?? "";
    const asked = { Host: alias, ...(user === undefined ? {} : { User: user }) };
    const found = SSHConfig.parse(text).compute(asked, { ignoreCase: true, matchExec: false });
    const all = (keyword: string): string[] | undefined => {
      const value = found[keyword];
      return value === undefined ? undefined : [value].flat();
    };
    return Object.assign((keyword: string) => all(keyword)?.[0], { all });
  }

  #path(file: string, { hostname, user }: { hostname: string; user: string }): string {
    return file.replace(/^~(?=\/)/, this.#home).replaceAll("%d", this.#home).replaceAll("%h", hostname)
      .replaceAll("%r", user);
  }
}

/** A device, such as `/dev/null`, has no keys, and may never end. */
async function readKeysIfThere(path: string): Promise<string | undefined> {
  const device = await Deno.stat(path).then(({ isCharDevice }) => isCharDevice === true, () => false);
  return device ? undefined : await readIfThere(path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
