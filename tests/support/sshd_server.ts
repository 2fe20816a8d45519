import { endChildren } from "./end_children.ts";
import { findProgram } from "./find_program.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

/** A pair of keys, made by `ssh-keygen`. */
export interface SshKeys {
  /** The private half, as OpenSSH writes it. */
  secret: string;
  /** The public half: type and base64. */
  shared: string;
}

async function which(name: string): Promise<string> {
  const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", 'command -v "$0"', name] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Makes keys; not encrypted, unless `more` has a passphrase. */
export async function sshKeys(type = "ed25519", more: readonly string[] = []): Promise<SshKeys> {
  await using home = await TempDir.create();
  const keygen = await findProgram("ssh-keygen", ["-?"], "openssh-client");
  const unlocked = more.includes("-N") ? [] : ["-N", ""];
  const args = ["-q", "-t", type, ...unlocked, ...more, "-C", "test", "-f", home.join("key")];
  const { success, stderr } = await new Deno.Command(keygen, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot make keys: ${new TextDecoder().decode(stderr)}`);
  const shared = (await Deno.readTextFile(home.join("key.pub"))).split(" ").slice(0, 2).join(" ");
  return { secret: await Deno.readTextFile(home.join("key")), shared };
}

/** A real OpenSSH server on a free loopback port, with internal-sftp, for the user who runs the tests. */
export class SshdServer implements AsyncDisposable {
  readonly #server: ServerProcess;
  readonly #home: TempDir;
  /** Its host key. */
  readonly hostKey: SshKeys;
  /** The key that it lets in. */
  readonly userKey: SshKeys;

  private constructor(server: ServerProcess, home: TempDir, hostKey: SshKeys, userKey: SshKeys) {
    this.#server = server;
    this.#home = home;
    this.hostKey = hostKey;
    this.userKey = userKey;
  }

  /**
   * Starts it; disposing ends it.
   *
   * @param options Its keys. Default: new ones of Ed25519.
   * @param options.hostKey Its own.
   * @param options.userKey Whom it lets in.
   * @param options.log Log what is read of which file; see {@linkcode SshdServer.reads}. Default false.
   * @param options.more Further lines of its configuration.
   */
  static async start(
    options: { hostKey?: SshKeys; userKey?: SshKeys; log?: boolean; more?: readonly string[] } = {},
  ): Promise<SshdServer> {
    // It starts itself again for each connection, and wants to know where it is.
    const found = await findProgram("sshd", ["-?"], "openssh-server");
    const path = found.startsWith("/") ? found : (await which(found));
    const hostKey = options.hostKey ?? await sshKeys();
    const userKey = options.userKey ?? await sshKeys();
    const home = await TempDir.create();
    await home.write("host_key", hostKey.secret);
    await Deno.chmod(home.join("host_key"), 0o600);
    await home.write("authorized_keys", `${userKey.shared}\n`);
    // Debian's sshd leaves its rights in this folder, which only its own start script makes.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
    const config = (port: number) => [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${home.join("host_key")}`,
      `AuthorizedKeysFile ${home.join("authorized_keys")}`,
      "UsePAM no",
      "StrictModes no",
      "PidFile none",
      "PermitRootLogin yes",
      "PasswordAuthentication yes",
      "MaxStartups 100",
      // What internal-sftp logs goes nowhere but to the system's log; this is the same server as a program.
      options.log === true
        ? `Subsystem sftp /usr/lib/openssh/sftp-server -e -l VERBOSE 2>>${home.join("sftp.log")}`
        : "Subsystem sftp internal-sftp",
      "LogLevel VERBOSE",
      ...options.more ?? [],
    ];
    const server = await ServerProcess.start(home, {
      name: "sshd",
      ports: 1,
      command: async ([port]) => {
        await home.write("sshd_config", `${config(port!).join("\n")}\n`);
        return { path, args: ["-D", "-f", home.join("sshd_config"), "-E", home.join("sshd.log")] };
      },
      answers: async ([port]) => {
        using connection = await Deno.connect({ hostname: "127.0.0.1", port: port! });
        const buffer = new Uint8Array(100);
        return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0)).startsWith("SSH-2.0-");
      },
    });
    return new SshdServer(server, home, hostKey, userKey);
  }

  /** The port. */
  get port(): number {
    return this.#server.ports[0]!;
  }

  /** The line of a known_hosts file for it. */
  get knownHosts(): string {
    return `[127.0.0.1]:${this.port} ${this.hostKey.shared}\n`;
  }

  /** The url of an absolute path. */
  url(path: string, who = ""): string {
    return `sftp://${who}127.0.0.1:${this.port}${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** What it logged. */
  log(): Promise<string> {
    return Deno.readTextFile(this.#home.join("sshd.log"));
  }

  /** Ends all connections at once, as a crash would; the server goes on. */
  async endSessions(): Promise<void> {
    await endChildren(this.#server.pid);
  }

  /** How often a file was opened, and how many bytes of it were read altogether, as the server counts them. */
  async reads(path: string): Promise<{ opened: number; bytes: number[] }> {
    const lines = (await Deno.readTextFile(this.#home.join("sftp.log"))).split("\n").filter((line) =>
      line.includes(`"${path}"`)
    );
    const bytes = lines.map((line) => /bytes read (\d+)/.exec(line)?.[1]).filter((each) => each !== undefined);
    return { opened: lines.filter((line) => line.includes("open ")).length, bytes: bytes.map(Number) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
