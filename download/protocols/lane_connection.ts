import { closeConn } from "../close_conn.ts";
import { connectTcp } from "../connect_tcp.ts";
import type { HostAddresses } from "../host_addresses.ts";
import type { LookupWatch } from "../name_lookups.ts";
import { HEAD_LIMIT } from "./http_head.ts";
import type { LaneHost } from "./lane_request.ts";
import { unlessAborted } from "../unless_aborted.ts";

/** What a connection reads into; nearly every head, and a small file, fit. */
const BUFFER = 64 * 1024;
const REQUEST_BUFFER = 2 * 1024;

/** How connections come about. */
export interface LaneDialing {
  /** Where hosts are. Default: whatever the name leads to. */
  hosts?: HostAddresses;
  /** Certificates to trust too, PEM. */
  caCerts?: readonly string[];
  /** What to show to servers that want a certificate, PEM. */
  clientCert?: { readonly cert: string; readonly key: string };
}

const encoder = new TextEncoder();
const NOTHING = Promise.resolve();
const NO_BYTES = new Uint8Array();

/**
 * A connection to one server that carries one request at a time. While it is idle it listens: bytes that nobody asked
 * for, or the end, come as {@linkcode LaneConnection.onStray}. The read that listens is the one that takes the next
 * answer, so it costs nothing.
 */
export class LaneConnection {
  /** What it is connected to. */
  readonly host: LaneHost;
  /** What the head, and small bodies, are read into. */
  buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER);
  /** When it became idle, in milliseconds of `performance.now()`. */
  idleSince = 0;
  /** True once it has answered a request. */
  used = false;
  /** Called once, when it is closed. */
  onClose: (connection: LaneConnection) => void = () => {};
  /** Called when an idle connection must not be used any more. */
  onStray: (connection: LaneConnection) => void = () => {};
  readonly #conn: Deno.Conn;
  readonly #outgoing = new Uint8Array(REQUEST_BUFFER);
  #listening: Promise<number | null> | undefined;
  #idle = false;
  #sent = false;
  #strayed = false;
  #closed = false;
  #sendError: unknown;
  #unsent: Uint8Array = NO_BYTES;

  private constructor(host: LaneHost, conn: Deno.Conn) {
    this.host = host;
    this.#conn = conn;
  }

  /** Connects; an abort rejects with its reason. */
  static async open(
    host: LaneHost,
    signal: AbortSignal,
    dialing: LaneDialing = {},
    watch?: LookupWatch,
  ): Promise<LaneConnection> {
    return new LaneConnection(host, await dial(host, signal, dialing, watch));
  }

  /** True if bytes came before the request was sent: they answer something else. */
  get strayed(): boolean {
    return this.#strayed;
  }

  /** True once all of the request was sent; an answer that comes earlier leaves a connection that cannot be used again. */
  get sent(): boolean {
    return this.#sent;
  }

  /** Why the request could not be sent, if it could not. */
  get sendError(): unknown {
    return this.#sendError;
  }

  /** Sends a request, and gives the first read of its answer. */
  ask(request: string): Promise<number | null> {
    this.#idle = false;
    if (this.used) this.#conn.ref();
    this.#send(this.#encode(request));
    return this.#listening ?? this.read(this.buffer);
  }

  /** Reads; `null` is the end. */
  read(target: Uint8Array): Promise<number | null> {
    return this.#conn.read(target);
  }

  /** Makes room for a very long head; what was read is kept. */
  enlarge(): void {
    const larger = new Uint8Array(HEAD_LIMIT + BUFFER);
    larger.set(this.buffer);
    this.buffer = larger;
  }

  /** Makes it idle. The request must be sent, and the buffer out of use. */
  rest(): void {
    this.used = true;
    this.#sent = false;
    this.#idle = true;
    // Idle connections hold little.
    if (this.buffer.length > BUFFER) this.buffer = new Uint8Array(BUFFER);
    this.#listening = this.#conn.read(this.buffer);
    this.#listening.then(this.#onSpoken, this.#onSpoken);
    // An idle connection must not keep the process alive.
    this.#conn.unref();
  }

  /** Ends it; what is being read rejects. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeConn(this.#conn);
    this.onClose(this);
  }

  readonly #onSpoken = (): void => {
    if (this.#sent || this.#closed) return;
    this.#strayed = true;
    if (this.#idle) this.onStray(this);
  };

  #encode(request: string): Uint8Array {
    if (request.length > REQUEST_BUFFER) return encoder.encode(request);
    return this.#outgoing.subarray(0, encoder.encodeInto(request, this.#outgoing).written);
  }

  #send(bytes: Uint8Array): void {
    this.#unsent = bytes;
    this.#conn.write(bytes).then(this.#onWritten, this.#onSendFailed);
  }

  readonly #onWritten = (count: number): void => {
    if (count < this.#unsent.length) return this.#send(this.#unsent.subarray(count));
    // A read that was over before the write must get its say first, and has as many steps to go.
    NOTHING.then(this.#onSent);
  };

  readonly #onSent = (): void => {
    this.#sent = true;
  };

  readonly #onSendFailed = (error: unknown): void => {
    this.#sendError = error;
    this.close();
    this.#sent = true;
  };
}

/** Makes a connection to a server, over TLS if it is one of https. */
export async function dial(
  { hostname, port, secure }: Pick<LaneHost, "hostname" | "port" | "secure">,
  signal: AbortSignal,
  { hosts, caCerts, clientCert }: LaneDialing,
  watch?: LookupWatch,
): Promise<Deno.Conn> {
  const trusted = caCerts === undefined ? {} : { caCerts: [...caCerts] };
  const options = { hostname, alpnProtocols: ["http/1.1"], ...trusted };
  const target = { hostname, port, signal, watch };
  if (secure && clientCert !== undefined) {
    await hosts?.addressesOf(target);
    return await connectTls({ ...options, port, ...clientCert }, signal);
  }
  const tcp = await (hosts?.connect ?? connectTcp)(target);
  return secure ? await startTls(tcp, options, signal) : tcp;
}

/** The runtime shows a certificate only over connections that it makes itself, and knows no signal there. */
async function connectTls(
  options: Deno.ConnectTlsOptions & Deno.TlsCertifiedKeyPem,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const connecting = Deno.connectTls(options);
  try {
    const conn = await unlessAborted(connecting, signal);
    await unlessAborted(conn.handshake(), signal);
    return conn;
  } catch (error) {
    connecting.then((conn) => conn.close()).catch(() => {});
    throw error;
  }
}

async function startTls(tcp: Deno.TcpConn, options: Deno.StartTlsOptions, signal: AbortSignal): Promise<Deno.TlsConn> {
  let conn: Deno.Conn = tcp;
  const close = () => closeConn(conn);
  signal.addEventListener("abort", close);
  try {
    // An abort may have come just after the connection, or while it changes hands: nobody would tell of it again.
    signal.throwIfAborted();
    // Otherwise the handshake waits 40 ms for the server's delayed acknowledgement.
    tcp.setNoDelay(true);
    const tls = await Deno.startTls(tcp, options);
    conn = tls;
    signal.throwIfAborted();
    await tls.handshake();
    return tls;
  } catch (error) {
    close();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}
