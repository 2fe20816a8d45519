import { createSocket, type Socket } from "node:dgram";
import type { TempDir } from "./temp_dir.ts";

/** Hides files of /etc behind those of a folder, for what it starts alone. */
const HIDE =
  'for one in hosts resolv.conf nsswitch.conf; do [ ! -e "/etc/$one" ] || mount --bind "$0/$one" "/etc/$one"; done; ' +
  'exec "$@"';

/** A name server that hears everything and never answers, for children that have only that one and a hosts file of their own. */
export class SilentResolver implements AsyncDisposable {
  /** The names that were asked for, one for each question. */
  readonly asked: string[] = [];
  /** What a command is started with to have this one. */
  readonly wrapper: readonly string[];
  readonly #socket: Socket;

  private constructor(socket: Socket, folder: string) {
    this.#socket = socket;
    this.wrapper = ["unshare", "--mount", "sh", "-c", HIDE, folder];
    socket.on("message", (message) => void this.asked.push(nameIn(message)));
  }

  /** True if this process may make one: it must be root, and may have mounts of its own. */
  static get allowed(): boolean {
    if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
    try {
      return new Deno.Command("unshare", { args: ["--mount", "true"], stdout: "null", stderr: "null" }).outputSync()
        .success;
    } catch {
      return false;
    }
  }

  /**
   * Starts it. Whoever asks gives up after a second.
   *
   * @param home Where the files for it go.
   * @param known Names that lead to this machine.
   */
  static async start(home: TempDir, known: readonly string[]): Promise<SilentResolver> {
    const { socket, address } = await bind();
    await home.write("etc/hosts", `127.0.0.1 localhost\n${known.map((name) => `127.0.0.1 ${name}\n`).join("")}`);
    await home.write("etc/resolv.conf", `nameserver ${address}\noptions timeout:1 attempts:1\n`);
    await home.write("etc/nsswitch.conf", "hosts: files dns\n");
    return new SilentResolver(socket, home.join("etc"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.close(resolve);
    await promise;
  }
}

/** A socket at port 53 of a loopback address that nobody else has; no other port can be named in the file. */
async function bind(): Promise<{ socket: Socket; address: string }> {
  while (true) {
    const [a, b, c] = crypto.getRandomValues(new Uint8Array(3));
    const address = `127.${a! | 1}.${b}.${c! | 1}`;
    const socket = createSocket("udp4");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("error", reject);
    socket.bind(53, address, resolve);
    try {
      await promise;
      return { socket, address };
    } catch (error) {
      socket.close();
      if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
    }
  }
}

/** The name in a question (RFC 1035): behind 12 bytes of a head come its labels, each behind its length. */
function nameIn(message: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 12; message[at]! > 0; at += message[at]! + 1) {
    labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + message[at]!)));
  }
  return labels.join(".");
}
