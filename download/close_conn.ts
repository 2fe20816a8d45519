/** Closes a connection; one that is closed already, or that an upgrade has taken, stays what it is. */
export function closeConn(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Nothing is left to close.
  }
}
