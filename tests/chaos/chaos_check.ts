import { Buffer } from "node:buffer";
import type { ManifestRecord } from "../../app/read_manifest.ts";
import type { NginxRequest } from "../support/nginx_server.ts";

/** The clocks of the log and of the manifest are one, but both are written a moment after what they tell of. */
const SLACK_MS = 20;

/** What is there after a round. */
export interface ChaosEvidence {
  /** The path of each file, and its bytes at the server. */
  wanted: ReadonlyMap<string, Uint8Array>;
  /** Reads a file of the download folder; undefined if it is not there. */
  read: (path: string) => Promise<Uint8Array | undefined>;
  /** Every file of the download folder that is not the manifest. */
  found: readonly string[];
  /** What the server was asked for. */
  requests: readonly NginxRequest[];
  /** All lines of the manifest that were not taken back. */
  manifest: readonly Pick<ManifestRecord, "out" | "bytes" | "finishedAt">[];
  /** The id of each task that a process told of as done. */
  told: readonly string[];
  /** The counters of the list. */
  counts: Readonly<Record<string, number>>;
}

/** What a round has shown; all but the first three must be zero. */
export interface ChaosFindings {
  files: number;
  requests: number;
  /** Requests that went on with what was there. */
  resumed: number;
  /** Files that are not there. */
  lost: number;
  /** Files whose bytes are not the server's. */
  corrupt: number;
  /** Files that were asked for after they were finished. */
  again: number;
  /** Tasks that were settled as done twice, or stand in the manifest twice. */
  doubled: number;
  /** Files without a line in the manifest, or with a wrong one. */
  unproved: number;
  /** Files that nobody asked for. */
  leftovers: number;
  /** Tasks that the counters miss or have too many. */
  miscounted: number;
}

/** Compares what is there after a round with what must be there. */
export async function chaosCheck(evidence: ChaosEvidence): Promise<ChaosFindings> {
  const { wanted, requests, manifest, told, counts, found } = evidence;
  const findings: ChaosFindings = {
    ...{ files: wanted.size, requests: requests.length, resumed: 0, lost: 0, corrupt: 0 },
    ...{ again: 0, doubled: 0, unproved: 0, leftovers: 0, miscounted: 0 },
  };
  const lines = new Map<string, { bytes: number; finishedAt: number; count: number }>();
  for (const { out, bytes, finishedAt } of manifest) {
    const before = lines.get(out);
    lines.set(out, {
      bytes,
      finishedAt: Math.min(finishedAt, before?.finishedAt ?? Infinity),
      count: (before?.count ?? 0) + 1,
    });
  }
  for (const [path, bytes] of wanted) {
    const got = await evidence.read(path);
    if (got === undefined) findings.lost++;
    else if (Buffer.compare(got, bytes) !== 0) findings.corrupt++;
    const line = lines.get(path);
    if (line?.bytes !== bytes.length) findings.unproved++;
    if ((line?.count ?? 0) > 1) findings.doubled++;
  }
  const asked = new Set<string>();
  for (const { status, path, at } of requests) {
    const file = path.slice(1);
    if (status === 206) findings.resumed++;
    if (at > (lines.get(file)?.finishedAt ?? Infinity) + SLACK_MS) asked.add(file);
  }
  findings.again = asked.size;
  findings.doubled += told.length - new Set(told).size;
  findings.leftovers = found.filter((path) => !wanted.has(path)).length;
  for (const [status, count] of Object.entries(counts)) {
    findings.miscounted += Math.abs(count - (status === "done" ? wanted.size : 0));
  }
  return findings;
}
