/** How a {@linkcode FtpRelay} changes what is said. */
export interface FtpRelayOptions {
  /** What becomes of a command, without its line end, one character a byte. Default: it stays. */
  command?: (line: string) => string;
  /** What becomes of a reply; undefined: the relay ends the connection in place of it. Default: it stays. */
  reply?: (line: string) => string | undefined;
  /** What becomes of commands that come together: only the first one counts, or the connection ends. Default: all count. */
  together?: "dropped" | "ended";
  /**
   * What the relay itself answers, while a file is on its way, to a command that comes behind the one for the file; undefined: nothing, as it
   * forgets the command. Default: such commands wait for their turn at the server.
   */
  inTransfer?: (line: string) => string | undefined;
}

/** Stands before a real FTP server and changes commands or replies, as servers of other makers would have them. */
export class FtpRelay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #options: FtpRelayOptions;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();

  /** The commands that came. */
  readonly commands: string[] = [];
  /** How many commands came together, each time. */
  readonly batches: number[] = [];
  /** Resolves when the relay has ended a connection in place of a reply. */
  readonly ended: Promise<void> = this.#ended.promise;

  private constructor(port: number, options: FtpRelayOptions) {
    this.#port = port;
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve();
  }

  /** Starts one before a port of the loopback. */
  static start(port: number, options: FtpRelayOptions): FtpRelay {
    return new FtpRelay(port, options);
  }

  /** Where it is, without a slash at the end. */
  get url(): string {
    return `ftp://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #serve(): Promise<void> {
    const pairs: Promise<void>[] = [];
    for await (const client of this.#listener) pairs.push(this.#pair(client));
    await Promise.all(pairs);
  }

  async #pair(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.#open.add(client).add(server);
    const { command = (line) => line, reply = (line) => line, together, inTransfer } = this.#options;
    // Commands that came behind one for a file, which the server has not agreed to send yet.
    let held: string[] | undefined;
    const only = (lines: string[]) => {
      this.batches.push(lines.length);
      if (lines.length > 1 && together !== undefined) return together === "ended" ? undefined : lines.slice(0, 1);
      return lines;
    };
    await Promise.all([
      this.#pump(client, server, (line) => {
        this.commands.push(line);
        if (held !== undefined) {
          held.push(line);
          return [];
        }
        if (inTransfer !== undefined && line.startsWith("RETR")) held = [];
        return [command(line)];
      }, only),
      this.#pump(server, client, (line) => {
        const changed = reply(line);
        if (changed === undefined) {
          queueMicrotask(this.#ended.resolve);
          return undefined;
        }
        if (held === undefined || !/^(150|226|[45])/.test(line)) return [changed];
        const own = held.map(inTransfer!).filter((line) => line !== undefined);
        held = undefined;
        return [changed, ...own];
      }),
    ]);
    this.#open.delete(client);
    this.#open.delete(server);
  }

  async #pump(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    change: (line: string) => string[] | undefined,
    only: (lines: string[]) => string[] | undefined = (lines) => lines,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let rest = "";
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        const all = (rest + String.fromCharCode(...buffer.subarray(0, count))).split("\r\n");
        rest = all.pop()!;
        const lines = only(all);
        if (lines === undefined) return;
        for (const line of lines) {
          const changed = change(line);
          if (changed === undefined) return;
          const text = changed.map((line) => `${line}\r\n`).join("");
          const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
          for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
        }
      }
    } catch {
      // The other direction has closed it.
    } finally {
      close(from);
      close(to);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#serving.catch(() => {});
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
