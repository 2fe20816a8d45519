import type { LaneExchange } from "./lane_exchange.ts";

const BUFFER = 64 * 1024;

/**
 * The body of an answer as a stream, for whoever wants to know what a refusal says. The connection is free when the stream has ended, and closed
 * when it is canceled.
 */
export function laneBody(exchange: LaneExchange): ReadableStream<Uint8Array<ArrayBuffer>> {
  let begun = false;
  const next = async (): Promise<Uint8Array<ArrayBuffer>> => {
    if (!begun) {
      begun = true;
      const first = exchange.begun().slice();
      if (first.length > 0) return first;
    }
    if (exchange.whole) return new Uint8Array();
    const bytes = new Uint8Array(BUFFER);
    return bytes.subarray(0, await exchange.read(bytes));
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const bytes = await next();
        if (bytes.length > 0) return controller.enqueue(bytes);
        exchange.finish();
        controller.close();
      } catch (error) {
        exchange.close();
        throw error;
      }
    },
    cancel() {
      exchange.close();
    },
  }, { highWaterMark: 0 });
}
