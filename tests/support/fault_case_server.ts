/**
 * The fault server: what a bad server can do to a download, over raw sockets, so that nothing between the script and the
 * wire puts it right.
 *
 * A {@linkcode FaultCase} lists what the first answers are, each a {@linkcode Fault}; whatever is asked after them is
 * answered well: by version `one` of a file of {@linkcode LENGTH} bytes, with a strong ETag, a Last-Modified date of long
 * ago, ranges and `If-Range`. The faults are made of
 *
 * - {@linkcode serve}: a good answer, with another version, length or ETag, with no regard for `If-Range`, or changed in
 *   any way before it is sent: other fields, another body, one that is cut off;
 * - {@linkcode fields}: a good answer with other fields; {@linkcode begins}: one whose body breaks off;
 * - {@linkcode wholly}: all of the file, whatever was asked for;
 * - {@linkcode answers}: a status with its fields; {@linkcode says}: any text, then the end or silence;
 *   {@linkcode resets}: any text, then a reset of the connection.
 *
 * `fault_cases.ts` has all cases; add one there. `tests/download/fault_cases_test.ts` runs them in one process,
 * `tests/e2e/fault_cases_test.ts` through the command line.
 *
 * @module
 */
import { type RawConnection, RawServer } from "../download/raw_server.ts";
import { bytesFor } from "./fault_server.ts";
import { YESTERDAY } from "./remote_file.ts";

/** The length of the file: long enough to be continued. */
export const LENGTH = 1_400_000;
/** Where bodies break off; what came before is kept. */
export const BREAK = 1_200_000;

/** One answer, before it goes over the wire. */
export interface Wire {
  /** The status, with its text. */
  status: string;
  /** The fields; undefined: no such field. */
  fields: Record<string, string | undefined>;
  /** The body, whatever the fields say of it. */
  body: Uint8Array;
  /** Send only so much of the body, then close the connection. */
  cut?: number;
}

/** How a good answer is good. */
export interface How {
  /** Answer a range only if `If-Range` still holds. Default true. */
  ifRange?: boolean;
  /** How long the file is. */
  length?: number;
  /** Answer ranges at all. Default true. */
  ranges?: boolean;
}

/** One request. */
export class Visit {
  /** Where it came from. */
  readonly connection: RawConnection;
  /** Its head. */
  readonly head: string;

  constructor(connection: RawConnection, head: string) {
    this.connection = connection;
    this.head = head;
  }

  /** A field of the request. */
  field(name: string): string | undefined {
    return new RegExp(`^${name}: *(.*)\r$`, "im").exec(this.head)?.[1];
  }

  /** A good answer to it, with this version of the file. */
  wire(version = "one", { ifRange = true, length = LENGTH, ranges = true }: How = {}): Wire {
    const etag = `"${version}"`;
    const range = ranges ? /^bytes=(\d+)-$/.exec(this.field("range") ?? "") : null;
    const condition = this.field("if-range");
    const current = !ifRange || condition === undefined || condition === etag || condition === YESTERDAY;
    const part = range !== null && current;
    const from = part ? Number(range[1]) : 0;
    const body = contentOf(version, length).subarray(from);
    return {
      status: part ? "206 Partial Content" : "200 OK",
      fields: {
        "Date": new Date().toUTCString(),
        "ETag": etag,
        "Last-Modified": YESTERDAY,
        "Content-Length": String(body.length),
        "Content-Range": part ? `bytes ${from}-${length - 1}/${length}` : undefined,
      },
      body,
    };
  }

  /** Sends an answer. */
  async send({ status, fields, body, cut }: Wire): Promise<void> {
    let head = `HTTP/1.1 ${status}\r\n`;
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) head += `${name}: ${value}\r\n`;
    await this.connection.send(`${head}\r\n`);
    await this.connection.send(cut === undefined ? body : body.subarray(0, cut));
    if (cut !== undefined) this.connection.close();
  }
}

const contents = new Map<string, Uint8Array<ArrayBuffer>>();

/** The bytes of a version; not to be changed. Making them takes a while, and all servers of this process would stand still. */
function contentOf(version: string, length: number): Uint8Array<ArrayBuffer> {
  const key = `${version} ${length}`;
  const made = contents.get(key) ?? bytesFor(version, length);
  contents.set(key, made);
  return made;
}

/** Answers one request, or does not even read it. */
export type Fault = ((visit: Visit) => Promise<void>) | { unread: (connection: RawConnection) => Promise<void> };

/** What the server does, and what must come of it. */
export interface FaultCase {
  /** What it does, after "a server that". */
  title: string;
  /** The answers to the first requests. */
  faults: readonly Fault[];
  /** The last of them is the answer to all further requests, too. */
  always: boolean;
  /** What is stored in the end, or the kinds that the failure may have. */
  ends: { stored: Uint8Array } | { failed: readonly string[] };
  /** What the task says of its file. */
  task: { checksum?: string; size?: number };
  /** What the requests ask for, each all or a part. */
  asked?: string;
  /** It is about silence: the stall timeout may be short. */
  silent?: true;
}

/** A {@linkcode FaultCase} that listens. */
export class FaultCaseServer implements AsyncDisposable {
  readonly #server: RawServer;
  /** The heads of all requests; those that were not read are empty. */
  readonly heads: string[] = [];

  /** @param fault What it does. */
  constructor({ faults, always }: FaultCase) {
    this.#server = new RawServer(async (connection) => {
      // Which answer is next is settled when a request begins: idle connections of several workers may wait here.
      while (await connection.begun()) {
        const turn = this.heads.push("") - 1;
        const next = faults[always ? Math.min(turn, faults.length - 1) : turn] ?? serve();
        if (typeof next === "object") return await next.unread(connection);
        const head = await connection.request();
        if (head === undefined) return;
        this.heads[turn] = head;
        await next(new Visit(connection, head));
      }
    });
  }

  /** The url of its file. */
  url(name: string): string {
    return this.#server.url(`/${name}`).href;
  }

  /** What was asked for: all or part, each. */
  get asked(): string {
    return this.heads.map((head) => /^range:/im.test(head) ? "part" : "all").join(" ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** A good answer, changed before it is sent. */
export function serve(version = "one", change: (wire: Wire) => void = () => {}, how?: How): Fault {
  return (visit) => {
    const wire = visit.wire(version, how);
    change(wire);
    return visit.send(wire);
  };
}

/** A good answer with other fields. */
export function fields(more: Wire["fields"], version?: string, how?: How): Fault {
  return serve(version, (wire) => Object.assign(wire.fields, more), how);
}

/** A good answer with other fields, whose body breaks off. */
export function begins(more: Wire["fields"] = {}): Fault {
  return serve("one", (wire) => {
    Object.assign(wire.fields, more);
    wire.cut = BREAK;
  });
}

/** All of the file, whatever was asked for. */
export function wholly(): Fault {
  return serve("one", undefined, { ranges: false });
}

/** A status with its fields. */
export function answers(status: string, more: Wire["fields"] = {}): Fault {
  return (visit) => visit.send({ status, fields: { "Content-Length": "0", ...more }, body: new Uint8Array() });
}

/** Some text, then the end of the connection or silence. */
export function says(text: string, then: "closes" | "is silent"): Fault {
  return async ({ connection }) => {
    await connection.send(text);
    if (then === "is silent") await connection.gone();
    connection.close();
  };
}

/** Some text, then a reset of the connection. */
export function resets(text = ""): Fault {
  return { unread: (connection) => connection.reset(text) };
}
