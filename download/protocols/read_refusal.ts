import type { LaneStatus } from "./http_lane.ts";

/** What a server has to say fits in; whoever says more has another reason. */
const MOST_BYTES = 64 * 1024;

/** Throws the body of an answer without a file away. */
export function dropBody({ body, end }: LaneStatus): void {
  body?.cancel().catch(() => {});
  end?.(false);
}

/**
 * Reads the body of a refusal.
 *
 * @param answer The refusal; its body is read or canceled.
 * @returns Its text; empty if it has none, breaks off, or is longer than anything that explains a refusal.
 */
export async function readRefusal({ body, end }: LaneStatus): Promise<string> {
  if (body === undefined || body === null) {
    end?.(false);
    return "";
  }
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let whole = false;
  try {
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes > MOST_BYTES) return "";
      pieces.push(piece);
    }
    whole = true;
    return await new Blob(pieces).text();
  } catch {
    return "";
  } finally {
    end?.(whole);
  }
}
