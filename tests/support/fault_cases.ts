/** All cases of the fault server: what a server does, and what must come of it. See `fault_case_server.ts`. */
import { hash } from "node:crypto";
import {
  answers,
  begins,
  BREAK,
  type Fault,
  type FaultCase,
  fields,
  LENGTH,
  resets,
  says,
  serve,
  wholly,
} from "./fault_case_server.ts";
import { bytesFor } from "./fault_server.ts";

const sha256 = (bytes: Uint8Array, form: "hex" | "base64") => hash("sha256", bytes, form);
const ONE = bytesFor("one", LENGTH);
const TWO = bytesFor("two", LENGTH);
const LONGER = LENGTH + 50_000;
const SHORTER = LENGTH - 50_000;
/** Ranges are answered whatever `If-Range` says. */
const BLIND = { ifRange: false };
const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const ZIPPED = await new Response(new Blob([ONE]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();

/** Some faults; in the end a file is stored, `one` if nothing else is said. */
function first(title: string, faults: Fault[], asked?: string, stored = ONE, task: FaultCase["task"] = {}): FaultCase {
  return { title, faults, always: false, ends: { stored }, task, ...(asked === undefined ? {} : { asked }) };
}

/** The same fault for ever: the task fails. */
function always(title: string, fault: Fault, failed: string | string[], more: Partial<FaultCase> = {}): FaultCase {
  return { title, faults: [fault], always: true, ends: { failed: [failed].flat() }, task: {}, ...more };
}

function follows(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function digest(field: string, bytes: Uint8Array): Record<string, string> {
  return { [field]: `sha-256=:${sha256(bytes, "base64")}:` };
}

function gzip(body: Uint8Array, cut?: number): Fault {
  return serve("one", (wire) => {
    Object.assign(wire, { body }, cut === undefined ? {} : { cut });
    Object.assign(wire.fields, { "Content-Encoding": "gzip", "Content-Length": String(body.length) });
  });
}

function longer(version: string, blind: boolean, length: number): Fault {
  return serve(version, undefined, { ifRange: !blind, length });
}

const CHANGES: FaultCase[] = [
  first("changes the file, which keeps its length and date", [begins(), serve("two")], "all part", TWO),
  first(
    "changes the file, and answers ranges of the new one",
    [begins(), serve("two", undefined, BLIND), serve("two")],
    "all part all",
    TWO,
  ),
  first(
    "changes the file, and answers ranges of the new one without its ETag",
    [begins(), fields({ ETag: undefined }, "two", BLIND), serve("two")],
    "all part all",
    TWO,
  ),
  first(
    "changes the file to a longer one",
    [begins(), longer("two", true, LONGER), longer("two", false, LONGER)],
    "all part all",
    bytesFor("two", LONGER),
  ),
  first(
    "changes the file to a shorter one",
    [begins(), longer("two", true, SHORTER), longer("two", false, SHORTER)],
    "all part all",
    bytesFor("two", SHORTER),
  ),
  first(
    "changes the file, and has weak ETags and no date",
    [begins({ ETag: 'W/"1"', "Last-Modified": undefined }), fields({ ETag: 'W/"2"' }, "two", BLIND)],
    "all all",
    TWO,
  ),
  first(
    "changes the file and its weak ETag, but not its date",
    [begins({ ETag: 'W/"1"' }), fields({ ETag: 'W/"2"' }, "two", BLIND), fields({ ETag: 'W/"2"' }, "two")],
    "all part all",
    TWO,
  ),
  first(
    "changes the file, and has no validators",
    [begins({ ETag: undefined, "Last-Modified": undefined }), serve("two", undefined, BLIND)],
    "all all",
    TWO,
  ),
  first(
    "changes the file, and its date is of just now",
    [
      serve("one", (wire) => {
        Object.assign(wire.fields, { ETag: undefined, "Last-Modified": wire.fields.Date });
        wire.cut = BREAK;
      }),
      serve("two", undefined, BLIND),
    ],
    "all all",
    TWO,
  ),
  ...["0", "yesterday", "Thu, 01 Jan 1970 00:00:01 GMT", "Tue, 01 Jan 1980 00:00:00 GMT"].map((date) =>
    first(
      `changes the file, and dates all versions "${date}"`,
      [
        begins({ ETag: undefined, "Last-Modified": date }),
        fields({ ETag: undefined, "Last-Modified": date }, "two", BLIND),
      ],
      "all all",
      TWO,
    )
  ),
  first(
    "changes the file and nothing that tells, where the task has a checksum",
    [begins(), fields({ ETag: '"one"' }, "two", BLIND), serve("two")],
    "all part all",
    TWO,
    { checksum: `sha-256:${sha256(TWO, "hex")}` },
  ),
  first(
    "changes the file in the middle of its body, and sends a digest",
    [
      serve("one", (wire) => {
        wire.body = follows(ONE.subarray(0, BREAK), TWO.subarray(BREAK));
        Object.assign(wire.fields, digest("Repr-Digest", TWO));
      }),
      serve("two"),
    ],
    "all all",
    TWO,
  ),
];

const LENGTHS: FaultCase[] = [
  first("breaks off, and goes on when it is asked", [begins()], "all part"),
  always("always breaks off before the first byte of a body", serve("one", (wire) => wire.cut = 0), "network"),
  always(
    "always sends less than it announces",
    serve("one", (wire) => {
      wire.fields["Content-Length"] = String(wire.body.length + 1000);
      wire.cut = wire.body.length;
    }, { ranges: false }),
    "network",
  ),
  first("sends more than it announces", [
    serve("one", (wire) => wire.body = follows(wire.body, TWO.subarray(0, 5000))),
  ]),
  first("sends more than it announces, which looks like an answer", [
    serve("one", (wire) => {
      wire.body = follows(wire.body, new TextEncoder().encode(`${HEAD}Content-Length: 4\r\n\r\nevil`));
    }),
  ]),
  always("sends another number of bytes than the task says", serve(), "integrity", { task: { size: LENGTH + 1 } }),
  always(
    "closes in the middle of a body without a length, where the task has a size",
    serve("one", (wire) => Object.assign(wire, { cut: BREAK, fields: {} })),
    "integrity",
    { task: { size: LENGTH } },
  ),
  first("closes between two chunks", [says(`${CHUNKED}5\r\nhello\r\n`, "closes")]),
  always("always closes in a chunk", says(`${CHUNKED}50\r\nhello`, "closes"), "network"),
  always("always sends chunks that are none", says(`${CHUNKED}5\r\nhello\r\nxyz\r\n`, "closes"), "network"),
  always("gives two lengths", says(`${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`, "closes"), "network"),
  always("gives a length below zero", says(`${HEAD}Content-Length: -5\r\n\r\nhello`, "closes"), "network"),
];

const RANGES: FaultCase[] = [
  first("answers the range of another place", [
    begins(),
    fields({ "Content-Range": `bytes 0-${LENGTH - 1}/${LENGTH}` }),
  ], "all part all"),
  first(
    "answers the bytes of another place under the right range, where the task has a checksum",
    [begins(), serve("one", (wire) => wire.body = ONE.subarray(0, wire.body.length))],
    "all part all",
    ONE,
    { checksum: `sha-256:${sha256(ONE, "hex")}` },
  ),
  first("answers a range that does not reach the end", [
    begins(),
    serve("one", (wire) => {
      const from = LENGTH - wire.body.length;
      Object.assign(wire.fields, { "Content-Range": `bytes ${from}-${from + 9}/${LENGTH}`, "Content-Length": "10" });
      wire.body = wire.body.subarray(0, 10);
    }),
  ], "all part all"),
  first("answers a range without saying which", [begins(), fields({ "Content-Range": undefined })], "all part all"),
  first("answers a range that makes no sense", [begins(), fields({ "Content-Range": "bytes 9-1/x" })], "all part all"),
  first("answers a range of a file of unknown length", [
    begins(),
    serve("one", ({ fields }) => fields["Content-Range"] = fields["Content-Range"]?.replace(/\d+$/, "*")),
  ], "all part all"),
  first("answers a range in several parts", [
    begins(),
    fields({ "Content-Type": "multipart/byteranges; boundary=x", "Content-Range": undefined }),
  ], "all part all"),
  first("answers a range with less than it says", [begins(), fields({ "Content-Length": "10" })], "all part all"),
  first("breaks off in a range, too", [begins(), serve("one", (wire) => wire.cut = 1000)], "all part part"),
  first("answers a range, compressed", [begins(), fields({ "Content-Encoding": "gzip" })], "all part all"),
  always(
    "answers a range that nobody asked for",
    serve("one", (wire) => {
      wire.status = "206 Partial Content";
      Object.assign(wire.fields, { "Content-Range": `bytes 0-9/${LENGTH}`, "Content-Length": "10" });
      wire.body = wire.body.subarray(0, 10);
    }),
    "http",
  ),
  first("knows no ranges", [begins(), wholly(), wholly()], "all part part"),
  first("answers all to an ETag that still holds", [begins(), wholly()], "all part part"),
  first("refuses every range", [
    begins(),
    answers("416 Range Not Satisfiable", { "Content-Range": `bytes */${LENGTH}` }),
  ], "all part all"),
  first("refuses every range, and says that there is no more", [
    begins(),
    answers("416 Range Not Satisfiable", { "Content-Range": `bytes */${BREAK}` }),
  ], "all part all"),
];

const SILENT = [
  first("is silent before the head of an answer", [says("", "is silent")]),
  first("is silent in the head of an answer", [says(`${HEAD}Content-Le`, "is silent")]),
  first("is silent in a body", [serve("one", (wire) => wire.body = ONE.subarray(0, BREAK))], "all part"),
  first("sends small pieces", [
    async (visit) => {
      const { fields } = visit.wire();
      await visit.send({ status: "200 OK", fields, body: ONE.subarray(0, 50) });
      for (let at = 50; at < LENGTH; at += 100_000) {
        await new Promise((resolve) => setTimeout(resolve, 80));
        await visit.connection.send(ONE.subarray(at, at + 100_000));
      }
    },
  ], "all"),
].map((fault): FaultCase => ({ ...fault, silent: true }));

const PACE: FaultCase[] = [
  ...SILENT,
  first("resets the connection before the head of an answer", [resets(), resets()]),
  first("resets the connection in the head of an answer", [resets(`${HEAD}Content-Le`)]),
  first("resets the connection in a body", [resets(`${HEAD}Content-Length: ${LENGTH}\r\n\r\nthe beginning`)]),
];

const REDIRECTS: FaultCase[] = [
  always("redirects to itself", answers("302 Found", { Location: "/again" }), "redirect"),
  always(
    "redirects to ever new places",
    (visit) =>
      visit.send({
        status: "307 Temporary Redirect",
        fields: { Location: `${visit.head.length}/x` },
        body: new Uint8Array(),
        cut: 0,
      }),
    "redirect",
  ),
  always("redirects to nowhere", answers("301 Moved Permanently"), "redirect"),
  always("redirects to a file", answers("302 Found", { Location: "file:///etc/passwd" }), "redirect"),
  always("redirects to its own data", answers("302 Found", { Location: "data:text/plain,evil" }), "redirect"),
  always("redirects to what is no url", answers("302 Found", { Location: "http://[::1" }), "redirect"),
];

const REFUSALS: FaultCase[] = [
  first("has too many requests, and says for how long", [answers("429 Too Many Requests", { "Retry-After": "1" })]),
  first("is unavailable, and says until when", [
    (visit) => {
      const until = new Date(Date.now() + 2000).toUTCString();
      return visit.send({
        status: "503 Unavailable",
        fields: { "Retry-After": until },
        body: new Uint8Array(),
        cut: 0,
      });
    },
  ]),
  first("says nonsense of when to come again", [
    answers("503 Service Unavailable", { "Retry-After": "99999999999999999999" }),
    answers("429 Too Many Requests", { "Retry-After": "-5" }),
  ]),
  always("is always too busy", answers("503 Service Unavailable"), "http"),
];

const CONTENTS: FaultCase[] = [
  first("sends other bytes than its digest says, once", [fields(digest("Repr-Digest", TWO))], "all all"),
  always("always sends other bytes than its digest says", fields(digest("Content-Digest", TWO)), "integrity"),
  always("always sends other bytes than the task wants", serve(), "integrity", {
    task: { checksum: `sha-256:${sha256(TWO, "hex")}` },
  }),
  first("compresses unasked", [gzip(ZIPPED)]),
  first("compresses unasked, and closes in the middle", [gzip(ZIPPED, 5000)], "all all"),
  always("always compresses to less than a whole stream", gzip(ZIPPED.subarray(0, 5000)), ["network", "protocol"]),
  always("says that it compresses, and does not", gzip(ONE), ["network", "protocol"]),
  always("compresses in a way that nobody knows", fields({ "Content-Encoding": "zebra" }), "protocol"),
];

const HEADS: FaultCase[] = [
  first("says that it goes on, and then answers", [
    async (visit) => {
      await visit.connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
      await visit.send(visit.wire());
    },
  ], "all"),
  always("never ends its head", says(HEAD + `X-Field: ${"x".repeat(8000)}\r\n`.repeat(100), "closes"), "network"),
  always("speaks no HTTP", says("SSH-2.0-OpenSSH_9.2p1\r\n", "closes"), "network"),
];

/** All cases. */
export const FAULT_CASES: readonly FaultCase[] = [
  ...CHANGES,
  ...LENGTHS,
  ...RANGES,
  ...PACE,
  ...REDIRECTS,
  ...REFUSALS,
  ...CONTENTS,
  ...HEADS,
];
