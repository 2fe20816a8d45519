/**
 * The contract of drivers: ONE suite that every driver passes, each against a real server. The test file of a driver calls
 * {@linkcode driverContract} for each way to reach one.
 *
 * @module
 */
import { until } from "../../support/until.ts";
import { changeCases } from "./contract_changes.ts";
import { endingCases } from "./contract_endings.ts";
import { factCases } from "./contract_facts.ts";
import { failureCases } from "./contract_failures.ts";
import { type DriverCase, type DriverServer, fill } from "./contract_kit.ts";
import { listCases } from "./contract_lists.ts";
import { partCases } from "./contract_parts.ts";
import { driversEnded } from "./made_driver.ts";

const CASES = { ...factCases, ...partCases, ...changeCases, ...failureCases, ...endingCases, ...listCases };

/** The name of a case of the contract. */
export type CaseName = keyof typeof CASES;

/** A driver, and a server for it. */
export interface DriverBackend {
  /** What is tested, the beginning of every test's name. */
  name: string;
  /** Starts a server; all cases share it, one after the other. */
  start(): Promise<DriverServer>;
  /** Cases that make no sense here, each with the reason, which must hold on every machine. */
  skips?: Partial<Record<CaseName, string>>;
  /** Why resources of the runtime stay after a case; absent: none do. Connections are looked for all the same. */
  keepsResources?: string;
}

/** Skips for drivers whose urls have no folders. */
export function skipLists(reason: string): Partial<Record<CaseName, string>> {
  return skipAll(Object.keys(listCases) as CaseName[], reason);
}

/** Skips several cases for one reason. */
export function skipAll(names: readonly CaseName[], reason: string): Partial<Record<CaseName, string>> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/**
 * Registers the tests of the contract. After each, no connection to the server may be left, and nothing of the runtime's.
 *
 * @throws {Error} If a case is skipped that does not exist, or without a reason.
 */
export function driverContract({ name, start, skips = {}, keepsResources }: DriverBackend): void {
  for (const [skipped, reason] of Object.entries(skips)) {
    if (!Object.hasOwn(CASES, skipped)) {
      throw new Error(`Cannot skip "${skipped}" as it must be a case of the contract`);
    }
    if (reason.trim() === "") throw new Error(`Cannot skip "${skipped}" as the reason must be given`);
  }
  let server: DriverServer | undefined;
  Deno.test.beforeAll(async () => {
    server = await start();
    await fill(server);
  });
  Deno.test.afterAll(async () => await server?.[Symbol.asyncDispose]());
  for (const [title, run] of Object.entries(CASES) as [CaseName, DriverCase][]) {
    const reason = skips[title];
    Deno.test({
      name: `${name} ${title}${reason === undefined ? "" : ` (skipped: ${reason})`}`,
      ignore: reason !== undefined,
      sanitizeOps: true,
      sanitizeResources: keepsResources === undefined,
      fn: async () => {
        await run(server!);
        await driversEnded();
        let open = 0;
        const gone = async () => (open = await server!.connections()) === 0;
        await until("all connections to be closed", gone, { everyMs: 5, detail: () => `${open} are open` });
      },
    });
  }
}
