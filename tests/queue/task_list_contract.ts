/**
 * The contract of the shared list of tasks: ONE suite that every backend passes. A backend's test file calls
 * {@linkcode contractSuite} once, and {@linkcode contractVariant} for each further way to store or to reach a list: another
 * way can differ only in what happens at once, in what is kept, and in what is remembered that has changed since.
 *
 * @module
 */
import { contractAdd } from "./contract_add.ts";
import { contractAside } from "./contract_aside.ts";
import { contractClaim } from "./contract_claim.ts";
import { contractConcurrent } from "./contract_concurrent.ts";
import { contractDeaths } from "./contract_deaths.ts";
import type { OpenList } from "./contract_kit.ts";
import { contractLedger } from "./contract_ledger.ts";
import { contractOwners } from "./contract_owners.ts";
import { contractProperty } from "./contract_property.ts";
import { contractRaces } from "./contract_races.ts";
import { contractRead } from "./contract_read.ts";
import { contractRename } from "./contract_rename.ts";
import { contractSettle } from "./contract_settle.ts";
import { contractSync } from "./contract_sync.ts";

export type { OpenList } from "./contract_kit.ts";

/**
 * Registers the tests of the contract.
 *
 * @param name What is tested, the beginning of every test's name.
 * @param open Opens a list that is new and empty; disposing of it removes what it stored.
 */
export function contractSuite(name: string, open: OpenList): void {
  contractAdd(name, open);
  contractClaim(name, open);
  contractAside(name, open);
  contractSettle(name, open);
  contractDeaths(name, open);
  contractRename(name, open);
  contractRead(name, open);
  contractLedger(name, open);
  contractSync(name, open);
  contractVariant(name, open);
}

/**
 * Registers the parts about concurrency and loss, and the one that tries everything in any order.
 *
 * @param name What is tested, the beginning of every test's name.
 * @param open Opens a list that is new and empty; disposing of it removes what it stored.
 */
export function contractVariant(name: string, open: OpenList): void {
  contractOwners(name, open);
  contractRaces(name, open);
  contractProperty(name, open);
  contractConcurrent(name, open);
}
