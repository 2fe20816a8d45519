import { dirname } from "@std/path";
import { homedir, userInfo } from "node:os";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { appendText } from "./output_file.ts";
import { outputPlace } from "./output_place.ts";
import { type PrivateKey, readPrivateKey } from "./private_key.ts";
import { readIfThere } from "./read_if_there.ts";
import { readSshConfig } from "./ssh_config.ts";
import { knownName } from "../download/protocols/known_hosts.ts";
import type { SshAnswer, SshPorts, SshQuestion } from "../download/protocols/ssh_access.ts";

/** What decides which files are read. */
export type SshSettings = Pick<CfgSettings, "sshKey" | "sshKnownHosts" | "sshAcceptNew" | "sshPassphrase">;

/**
 * Asks the user for the passphrase of a private key.
 *
 * @param file The file of the key, as the user calls it.
 * @param again What was said before was another one.
 * @returns The passphrase; undefined if nobody tells it.
 */
export type AskPassphrase = (file: string, again: boolean) => Promise<string | undefined>;

/** So often the user is asked. */
const QUESTIONS = 3;

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
  readonly #ask: AskPassphrase | undefined;
  /** The keys that were read, by their files. */
  readonly #keys = new Map<string, Promise<PrivateKey>>();
  /** Where the key of a server goes that was not known, by the name of the server. */
  readonly #files = new Map<string, string | undefined>();

  /**
   * @param settings Which files.
   * @param home The user's home folder. Default: as the system says.
   * @param ask Asks for the passphrase of an encrypted key. Default: nobody is asked.
   */
  constructor(settings: SshSettings, home: string = homedir(), ask?: AskPassphrase) {
    this.#settings = settings;
    this.#home = home;
    this.#ask = ask;
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
    const agent = config("identityagent") ?? Deno.env.get("SSH_AUTH_SOCK");
    const hasAgent = agent !== undefined && agent !== "" && agent !== "none";
    const { keys, notes } = await this.#readKeys(keyFiles, (file) => this.#path(file, words), hasAgent);
    const named = sshKnownHosts === undefined
      ? config.all("userknownhostsfile")?.flatMap((files) => files.split(/\s+/)) ?? USUAL_KNOWN_HOSTS
      : [sshKnownHosts];
    const own = named.filter((file) => file !== "none").map((file) => this.#path(file, words));
    const texts = await Promise.all(
      [...own, ...sshKnownHosts === undefined ? [GLOBAL_KNOWN_HOSTS] : []].map(readKeysIfThere),
    );
    const at = port ?? Number(config("port") ?? 22);
    const hostKeyAlias = config("hostkeyalias");
    this.#files.set(hostKeyAlias === undefined ? knownName(hostname, at) : hostKeyAlias.toLowerCase(), own[0]);
    return {
      type: "access",
      access: {
        hostname,
        port: at,
        user: name,
        keys,
        ...(notes.length === 0 ? {} : { keyNotes: notes }),
        ...(hasAgent ? { agent: this.#path(agent, words) } : {}),
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

  /** The keys of some files, and what is to be said of those that cannot be used. */
  async #readKeys(
    files: readonly string[],
    pathOf: (file: string) => string,
    hasAgent: boolean,
  ): Promise<{ keys: string[]; notes: string[] }> {
    const keys: string[] = [];
    const notes: string[] = [];
    for (const file of files) {
      const text = await readIfThere(pathOf(file));
      if (text === undefined) continue;
      let reading = this.#keys.get(text);
      if (reading === undefined) this.#keys.set(text, reading = this.#readKey(file, text, hasAgent));
      const key = await reading;
      if (key.type === "key") keys.push(key.text);
      else if (key.type === "locked") {
        const beside = hasAgent ? ", and what the agent has is not enough" : "";
        notes.push(`${file} is encrypted${beside}: see --ssh-passphrase`);
      } else if (key.type === "wrong") notes.push(`${file} is encrypted, with another passphrase`);
      else notes.push(`${file} cannot be used: ${key.message}`);
    }
    if (keys.length + notes.length === 0) notes.push(`there is no private key: looked for ${files.join(", ")}`);
    return { keys, notes };
  }

  async #readKey(file: string, text: string, hasAgent: boolean): Promise<PrivateKey> {
    const { sshKey, sshPassphrase } = this.#settings;
    let key = await readPrivateKey(text, sshPassphrase);
    // Of a key that was not asked for by name, the agent may have the other half.
    if (this.#ask === undefined || (hasAgent && sshKey === undefined)) return key;
    for (let asked = 0; asked < QUESTIONS && (key.type === "locked" || key.type === "wrong"); asked++) {
      const passphrase = await this.#ask(file, asked > 0);
      if (passphrase === undefined || passphrase === "") break;
      key = await readPrivateKey(text, passphrase);
    }
    return key;
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
