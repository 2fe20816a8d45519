/**
 * A server that says exactly what a test wants, on a free loopback port: no library stands between the script and the
 * bytes.
 *
 * @module
 */

/** One accepted connection. */
export class RawConnection {
  /** Which connection of the server it is, from 0. */
  readonly index: number;
  readonly #conn: Deno.Conn;
  #text = "";
  #closed = false;

  constructor(index: number, conn: Deno.Conn) {
    this.index = index;
    this.#conn = conn;
  }

  /** Waits for the first byte of the next request, and leaves the rest unread; false when the client has closed. */
  async begun(): Promise<boolean> {
    if (this.#text === "") this.#text = await this.#read(new Uint8Array(1)) ?? "";
    return this.#text !== "";
  }

  /** The head of the next request; undefined when the client has closed. */
  async request(): Promise<string | undefined> {
    while (true) {
      const end = this.#text.indexOf("\r\n\r\n");
      if (end !== -1) {
        const head = this.#text.slice(0, end + 4);
        this.#text = this.#text.slice(end + 4);
        return head;
      }
      const more = await this.#read(new Uint8Array(16 * 1024));
      if (more === undefined) return undefined;
      this.#text += more;
    }
  }

  /** Sends text (one byte a character) or bytes. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? latin1(data) : data;
    try {
      for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
    } catch {
      // The client has closed; that is its right.
    }
  }

  /** Sends text in the packets that `sizes` asks for, over and over; each is on its way before the next. */
  async trickle(data: string | Uint8Array, sizes: readonly number[]): Promise<void> {
    const bytes = typeof data === "string" ? latin1(data) : data;
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1;
      await this.send(bytes.subarray(at, at + size));
      // Lets the client, which lives on the same thread, read it by itself.
      await new Promise((resolve) => setTimeout(resolve, 0));
      at += size;
    }
  }

  /** Waits until the client has closed the connection. */
  async gone(): Promise<void> {
    while (await this.#read(new Uint8Array(1024)) !== undefined);
  }

  /** Breaks the connection off: what is closed with a request unread is reset, not ended. */
  async reset(data = ""): Promise<void> {
    await this.begun();
    if (data !== "") await this.send(data);
    this.close();
  }

  /** Ends the connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // The runtime was faster.
    }
  }

  async #read(buffer: Uint8Array): Promise<string | undefined> {
    try {
      const count = await this.#conn.read(buffer);
      return count === null ? undefined : String.fromCharCode(...buffer.subarray(0, count));
    } catch {
      return undefined;
    }
  }
}

/** What the server does with a connection; it is closed afterwards. */
export type RawScript = (connection: RawConnection) => Promise<void> | void;

/** The server. */
export class RawServer implements AsyncDisposable {
  /** How many connections it has accepted. */
  accepted = 0;
  readonly #listener: Deno.Listener;
  readonly #scheme: string;
  readonly #open = new Set<RawConnection>();
  readonly #accepting: Promise<void>;
  readonly #running = new Set<Promise<void>>();

  /**
   * @param script What to do with a connection.
   * @param tls The certificate and its key, for https.
   * @param hostname The address to listen on.
   */
  constructor(script: RawScript, tls?: { cert: string; key: string }, hostname = "127.0.0.1") {
    const address = { hostname, port: 0 };
    this.#listener = tls === undefined ? Deno.listen(address) : Deno.listenTls({ ...address, ...tls });
    this.#scheme = tls === undefined ? "http" : "https";
    this.#accepting = this.#accept(script);
  }

  /** The port. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** A url of it. */
  url(path = "/", host = "127.0.0.1"): URL {
    return new URL(path, `${this.#scheme}://${host}:${this.port}`);
  }

  async #accept(script: RawScript): Promise<void> {
    while (true) {
      let conn: Deno.Conn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        continue;
      }
      if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
      const connection = new RawConnection(this.accepted++, conn);
      this.#open.add(connection);
      const run = this.#run(script, connection).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  async #run(script: RawScript, connection: RawConnection): Promise<void> {
    try {
      await script(connection);
    } finally {
      connection.close();
      this.#open.delete(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    await this.#accepting;
    await Promise.all(this.#running);
  }
}

/** A script that answers every request of a connection with the same bytes, and keeps it open. */
export function answering(reply: string | ((request: string) => string | Uint8Array)): RawScript {
  return async (connection) => {
    for (let request = await connection.request(); request !== undefined; request = await connection.request()) {
      await connection.send(typeof reply === "string" ? reply : reply(request));
    }
  };
}

/** A plain answer. */
export function reply(body: string, status = "200 OK", ...fields: string[]): string {
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${body.length}`, ...fields];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** Text as bytes, one for each character. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
