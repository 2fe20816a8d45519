/**
 * The entry of a thread that runs a driver of the user, and nothing else. It is started by the thread that asks the driver,
 * inherits its core, and never has a library.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { startDriver } from "./driver_body.ts";

startDriver(self);
