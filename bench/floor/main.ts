/**
 * What the runtime itself costs: downloads a list over kept connections and writes the files, and nothing else. No list
 * on disk, no second try, no check of what came, one thread. Corehaul cannot be cheaper than this.
 *
 * Arguments: a file with one url a line, the folder for the files, and how many connections.
 *
 * @module
 */
const BUFFER = 64 * 1024;
const CRLF = [13, 10, 13, 10];
const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

const [list = "", out = "", connections = "64"] = Deno.args;
const urls = (await Deno.readTextFile(list)).trim().split("\n").map((line) => new URL(line));
let next = 0;

async function work(): Promise<void> {
  const first = urls[0]!;
  using conn = await Deno.connect({ hostname: first.hostname, port: Number(first.port) || 80 });
  const buffer = new Uint8Array(BUFFER);
  for (let url = urls[next++]; url !== undefined; url = urls[next++]) {
    await conn.write(encoder.encode(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`));
    let filled = 0;
    let head = -1;
    while (head < 0) {
      filled += await read(conn, buffer.subarray(filled));
      head = endOfHead(buffer, filled);
    }
    const text = decoder.decode(buffer.subarray(0, head));
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
    if (!text.startsWith("HTTP/1.1 200") || Number.isNaN(length)) throw new Error(`${url}: ${text}`);
    const path = `${out}/${url.pathname.slice(url.pathname.lastIndexOf("/") + 1)}`;
    using file = Deno.openSync(`${path}.part`, { write: true, createNew: true });
    let missing = length - (filled - head);
    file.writeSync(buffer.subarray(head, filled));
    while (missing > 0) {
      const count = await read(conn, buffer);
      file.writeSync(buffer.subarray(0, count));
      missing -= count;
    }
    Deno.renameSync(`${path}.part`, path);
  }
}

async function read(conn: Deno.Conn, target: Uint8Array): Promise<number> {
  const count = await conn.read(target);
  if (count === null) throw new Error("the server closed the connection");
  return count;
}

function endOfHead(bytes: Uint8Array, filled: number): number {
  for (let at = 3; at < filled; at++) {
    if (CRLF.every((byte, i) => bytes[at - 3 + i] === byte)) return at + 1;
  }
  return -1;
}

await Promise.all(Array.from({ length: Number(connections) }, work));
