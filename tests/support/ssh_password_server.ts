import { Buffer } from "node:buffer";
// @ts-types="./ssh2_server_types.d.ts"
import ssh2 from "ssh2";

const { Server, utils } = ssh2;
const { STATUS_CODE } = utils.sftp;

/** Whom an {@linkcode SshPasswordServer} lets in, and how it asks. */
export interface SshPasswordOptions {
  user: string;
  password: string;
  /** How it asks: as most servers do, or question by question. */
  asks: "password" | "keyboard-interactive";
  /** Its host key. */
  hostKey: string;
  /** What every path leads to. */
  file: Uint8Array;
  /** What it tells of the file. Default: all that there is. */
  attrs?: Record<string, number>;
}

/**
 * An SSH server of the same library that the client uses, for what a test cannot ask OpenSSH for without an account on the
 * machine: logging in with a password.
 */
export class SshPasswordServer implements AsyncDisposable {
  readonly #server: InstanceType<typeof Server>;
  /** The port of the loopback. */
  readonly port: number;
  /** How often somebody was let in, and how often not. */
  readonly logins: { good: number; bad: number };
  /** Ends the sessions that are open, each with a word; their connections stay. */
  readonly endSessions: () => void;

  private constructor(
    server: InstanceType<typeof Server>,
    port: number,
    logins: { good: number; bad: number },
    endSessions: () => void,
  ) {
    this.#server = server;
    this.port = port;
    this.logins = logins;
    this.endSessions = endSessions;
  }

  /** Starts it; disposing ends it. */
  static async start(
    { user, password, asks, hostKey, file, attrs: told }: SshPasswordOptions,
  ): Promise<SshPasswordServer> {
    const logins = { good: 0, bad: 0 };
    const endings = new Set<() => void>();
    const server = new Server({ hostKeys: [hostKey] }, (client) => {
      client.on("error", () => {});
      client.on("authentication", (context) => {
        const judge = (given: string) => {
          if (context.username === user && given === password) {
            logins.good++;
            return context.accept();
          }
          logins.bad++;
          context.reject([asks]);
        };
        if (context.method !== asks) return context.reject([asks]);
        if (context.method === "password") return judge(context.password);
        context.prompt([{ prompt: "Password:", echo: false }], (answers) => judge(answers[0] ?? ""));
      });
      client.on("ready", () =>
        client.on("session", (accept) => {
          accept().on("sftp", (accept) => {
            const sftp = accept();
            const attrs = told ?? {
              mode: 0o100644,
              uid: 0,
              gid: 0,
              size: file.length,
              atime: 1_700_000_000,
              mtime: 1_700_000_000,
            };
            let over = false;
            endings.add(() => {
              over = true;
              sftp._protocol.channelEOF(sftp.outgoing.id);
            });
            sftp.on("OPEN", (id) => over || sftp.handle(id, Buffer.from([1])));
            sftp.on("FSTAT", (id) => sftp.attrs(id, attrs));
            sftp.on("READ", (id, _handle, offset, length) =>
              over || (offset >= file.length
                ? sftp.status(id, STATUS_CODE.EOF)
                : sftp.data(id, Buffer.from(file.subarray(offset, offset + length)))));
            sftp.on("CLOSE", (id) =>
              sftp.status(id, STATUS_CODE.OK));
          });
        }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new SshPasswordServer(server, server.address().port, logins, () => {
      for (const end of endings) end();
      endings.clear();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
