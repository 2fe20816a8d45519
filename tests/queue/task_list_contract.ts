/**
 * The contract of the shared list of tasks: ONE suite that every backend passes. A backend's test file calls
 * {@linkcode contractSuite} for each of its ways to store a list.
 *
 * @module
 */
import { contractAdd } from "./contract_add.ts";
import { contractAside } from "./contract_aside.ts";
import { contractClaim } from "./contract_claim.ts";
import { contractConcurrent } from "./contract_concurrent.ts";
import type { ContractTraits, OpenList } from "./contract_kit.ts";
import { contractLedger } from "./contract_ledger.ts";
import { contractOwners } from "./contract_owners.ts";
import { contractProperty } from "./contract_property.ts";
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
 * @param traits What is different with this one.
 */
export function contractSuite(name: string, open: OpenList, traits: ContractTraits = {}): void {
  contractAdd(name, open, traits);
  contractClaim(name, open);
  contractAside(name, open);
  contractSettle(name, open);
  contractRename(name, open);
  contractOwners(name, open);
  contractRead(name, open, traits);
  contractLedger(name, open);
  contractSync(name, open);
  contractProperty(name, open);
  contractConcurrent(name, open);
}
