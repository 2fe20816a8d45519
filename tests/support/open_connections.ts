const LISTENS = "0A";

/**
 * Counts the connections to a port of this machine that a process has open, as the kernel knows them; those that are closed
 * and only remembered are not among them.
 *
 * @param port The port.
 * @returns How many there are on the side of the server or on that of the clients, whichever has more.
 */
export async function openConnections(port: number): Promise<number> {
  // While others connect, the kernel may give a line twice.
  const served = new Set<string>();
  const made = new Set<string>();
  for (const table of ["tcp", "tcp6"]) {
    const text = await Deno.readTextFile(`/proc/net/${table}`).catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
      // Nobody has the socket any more whose inode is 0.
      if (remote === undefined || state === LISTENS || inode === "0") continue;
      if (portOf(local!) === port) served.add(`${local} ${remote}`);
      if (portOf(remote) === port) made.add(`${local} ${remote}`);
    }
  }
  return Math.max(served.size, made.size);
}

function portOf(address: string): number {
  return parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}
