/**
 * What a thread that runs a driver of the user, and the thread that asks it, say to each other. Whatever comes from the driver
 * may be anything.
 *
 * @module
 */
import type { ProtocolEntry, ProtocolFile, ProtocolRequest } from "../download/protocols/protocol_driver.ts";
import type { HeapUse } from "./heap_watch.ts";

/** To the thread of a driver. */
export type ToDriver =
  /** Load the module; count up the number in `beat` as long as the event loop turns. */
  | { type: "load"; module: string; beat: SharedArrayBuffer }
  | { type: "open"; call: number; request: Omit<ProtocolRequest, "signal"> }
  | { type: "list"; call: number; url: string }
  /** Give the next piece, or the next entries. */
  | { type: "next"; call: number }
  /** The download ends early. */
  | { type: "abort"; call: number; reason: string }
  /** Nobody wants the rest. */
  | { type: "end"; call: number }
  /** The end of the thread is near. */
  | { type: "close" };

/** What a driver has thrown. */
export interface DriverFailure {
  message: string;
  /** What the driver calls it. */
  kind?: string;
  retryable?: boolean;
}

/** What a driver says of a file, apart from its bytes. */
export type DriverFile = Omit<ProtocolFile, "body">;

/** From the thread of a driver. */
export type FromDriver =
  | { type: "hello" }
  | { type: "loaded"; lists: boolean }
  /** Without a message: the default export of the module is no driver. */
  | { type: "unloaded"; message?: string }
  | { type: "opened"; call: number; file: DriverFile }
  /** Without bytes: there are no more. */
  | { type: "piece"; call: number; bytes?: Uint8Array<ArrayBuffer> }
  | { type: "entries"; call: number; entries: ProtocolEntry[]; done: boolean }
  | { type: "failed"; call: number; failure: DriverFailure }
  /** Its heap is nearly full. */
  | { type: "full" } & HeapUse
  /** The driver has ended its thread. */
  | { type: "ended" }
  | { type: "closed" };
