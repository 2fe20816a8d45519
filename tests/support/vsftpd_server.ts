import { endChildren } from "./end_children.ts";
import { findProgram } from "./find_program.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

/** How a {@linkcode VsftpdServer} serves. */
export interface VsftpdOptions {
  /** Offers TLS, explicit or from the first byte; all in PEM. */
  tls?: { cert: string; key: string; implicit?: boolean; sessionReuse?: boolean };
  /** The password that `anonymous` needs. Default: any. */
  password?: string;
  /** Further lines of its configuration. */
  more?: readonly string[];
}

/** A line of the log: a command that came, or bytes that went. */
export interface FtpLogLine {
  /** The command with its argument, such as `REST 100`. */
  command: string;
}

/** A real vsftpd on a free loopback port that serves a folder to `anonymous`. */
export class VsftpdServer implements AsyncDisposable {
  readonly #server: ServerProcess;
  readonly #home: TempDir;

  private constructor(server: ServerProcess, home: TempDir) {
    this.#server = server;
    this.#home = home;
  }

  /** Starts it; disposing ends it. */
  static async start(root: string, { tls, password, more = [] }: VsftpdOptions = {}): Promise<VsftpdServer> {
    const path = await findProgram("vsftpd", ["-v"]);
    const home = await TempDir.create();
    if (tls !== undefined) {
      await home.write("cert.pem", tls.cert);
      await home.write("key.pem", tls.key);
    }
    if (password !== undefined) await home.write("passwords", `${password}\n`);
    const config = (port: number) => [
      "listen=YES",
      "background=NO",
      "listen_address=127.0.0.1",
      `listen_port=${port}`,
      "anonymous_enable=YES",
      `anon_root=${root}`,
      // Neither another user nor root's rights are needed to serve a folder on the loopback.
      "run_as_launching_user=YES",
      "seccomp_sandbox=NO",
      "anon_world_readable_only=NO",
      "pasv_address=127.0.0.1",
      "xferlog_enable=YES",
      "log_ftp_protocol=YES",
      `vsftpd_log_file=${home.join("ftp.log")}`,
      ...(password === undefined
        ? []
        : ["secure_email_list_enable=YES", `email_password_file=${home.join("passwords")}`]),
      ...(tls === undefined ? [] : [
        "ssl_enable=YES",
        "allow_anon_ssl=YES",
        "force_anon_logins_ssl=YES",
        "force_anon_data_ssl=YES",
        `implicit_ssl=${tls.implicit ? "YES" : "NO"}`,
        `require_ssl_reuse=${tls.sessionReuse ? "YES" : "NO"}`,
        `rsa_cert_file=${home.join("cert.pem")}`,
        `rsa_private_key_file=${home.join("key.pem")}`,
      ]),
      ...more,
    ];
    const server = await ServerProcess.start(home, {
      name: "vsftpd",
      ports: 1,
      command: async ([port]) => {
        await home.write("vsftpd.conf", `${config(port!).join("\n")}\n`);
        return { path, args: [home.join("vsftpd.conf")] };
      },
      answers: async ([port]) => {
        using connection = await Deno.connect({ hostname: "127.0.0.1", port: port! });
        const buffer = new Uint8Array(100);
        // From the first byte of TLS it is the client who speaks.
        return tls?.implicit === true ||
          new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0))
            .startsWith("220");
      },
    });
    return new VsftpdServer(server, home);
  }

  /** The port. */
  get port(): number {
    return this.#server.ports[0]!;
  }

  /** The url of the folder, without a slash at the end. */
  url(scheme = "ftp", who = ""): string {
    return `${scheme}://${who}127.0.0.1:${this.port}`;
  }

  /** The commands that came, of some kinds, such as `RETR` and `REST`. */
  async commands(...kinds: string[]): Promise<string[]> {
    const text = await Deno.readTextFile(this.#home.join("ftp.log")).catch(() => "");
    const all = [...text.matchAll(/FTP command: Client "[^"]*", "([^"]*)"/g)].map((match) => match[1]!);
    return all.filter((command) => kinds.includes(command.split(" ")[0]!));
  }

  /** Ends all connections at once, as a crash would; the server goes on. */
  async endSessions(): Promise<void> {
    await endChildren(this.#server.pid);
  }

  /** How many have connected. */
  async connections(): Promise<number> {
    const text = await Deno.readTextFile(this.#home.join("ftp.log")).catch(() => "");
    return [...text.matchAll(/CONNECT: Client/g)].length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
