import { SshdServer } from "../tests/support/sshd_server.ts";
import { VsftpdServer } from "../tests/support/vsftpd_server.ts";
import type { Served, SshFiles } from "./served.ts";

/** vsftpd and OpenSSH beside nginx, as far as they are wanted: children of this process, on free loopback ports. */
export class FileServers implements AsyncDisposable {
  /** Where they serve; empty if they do not. */
  readonly urls: { readonly ftp: string; readonly sftp: string };
  /** What SSH needs; absent if that does not serve. */
  readonly ssh?: SshFiles;
  readonly #stack: AsyncDisposableStack;

  private constructor(urls: FileServers["urls"], ssh: SshFiles | undefined, stack: AsyncDisposableStack) {
    this.urls = urls;
    if (ssh !== undefined) this.ssh = ssh;
    this.#stack = stack;
  }

  /**
   * Starts them.
   *
   * @param root The folder that they serve.
   * @param home Where keys go.
   * @param served In which ways files are wanted.
   */
  static async start(root: string, home: string, served: ReadonlySet<Served>): Promise<FileServers> {
    await using stack = new AsyncDisposableStack();
    // Logs would cost the servers time.
    const quiet = ["xferlog_enable=NO", "log_ftp_protocol=NO"];
    const ftp = served.has("ftp") ? stack.use(await VsftpdServer.start(root, { more: quiet })) : undefined;
    const sftp = served.has("sftp") ? stack.use(await SshdServer.start()) : undefined;
    let ssh: SshFiles | undefined;
    if (sftp !== undefined) {
      ssh = { key: `${home}/ssh_key`, knownHosts: `${home}/known_hosts` };
      await Deno.writeTextFile(ssh.key, sftp.userKey.secret, { mode: 0o600 });
      await Deno.writeTextFile(`${ssh.key}.pub`, `${sftp.userKey.shared}\n`);
      await Deno.writeTextFile(ssh.knownHosts, sftp.knownHosts);
    }
    const urls = { ftp: ftp?.url() ?? "", sftp: sftp === undefined ? "" : sftp.url(root, `${await user()}@`) };
    return new FileServers(urls, ssh, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

async function user(): Promise<string> {
  const { stdout } = await new Deno.Command("id", { args: ["-un"] }).output();
  return new TextDecoder().decode(stdout).trim();
}
