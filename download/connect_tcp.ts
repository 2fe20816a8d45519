/** Where to connect to. */
export interface TcpTarget {
  /** A name, or an address without brackets. */
  hostname: string;
  /** The port. */
  port: number;
  /** Gives up; the reason is thrown. */
  signal: AbortSignal;
}

/**
 * Connects over TCP. `Deno.connect` of 2.9.6 loses a connection whose signal fires just as it comes: nobody gets it, and nothing
 * closes it. Here an abort rejects at once, a connection that has come by then is closed, and what has not is taken back from
 * the system.
 *
 * @param target Where to.
 * @returns The connection.
 * @throws {Error} If there is none; an abort throws its reason.
 */
export function connectTcp({ hostname, port, signal }: TcpTarget): Promise<Deno.TcpConn> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<Deno.TcpConn>();
  const giveUp = new AbortController();
  const abort = () => {
    reject(signal.reason);
    // Immediates run when the runtime has told all that has come: then nothing is on its way to be lost.
    setImmediate(() => giveUp.abort());
  };
  signal.addEventListener("abort", abort);
  const settle = () => signal.removeEventListener("abort", abort);
  Deno.connect({ hostname, port, signal: giveUp.signal }).then((conn) => {
    settle();
    if (signal.aborted) conn.close();
    else resolve(conn);
  }, (error) => {
    settle();
    reject(error);
  });
  return promise;
}
