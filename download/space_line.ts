import { join } from "@std/path";
import { textDigest } from "../base/text_digest.ts";
import type { SpaceWaiter } from "./space_turn.ts";
import { makeStateFolder } from "./state_folder.ts";
import { STATE_FOLDER } from "./task_names.ts";

/** Whoever has not looked for so long, waits no more: its process has ended, or its task has. */
const ALIVE_MS = 15_000;
const FORGOTTEN_MS = 60_000;
/** More need not know of each other: each look reads all of them. */
const MOST = 32;
const NAME = /^([0-9a-f]{16})-(\d+)-(\d+)(-more)?$/;
const ID_DIGITS = 16;
const FOLDER = "space";

/**
 * The files of a download folder that wait for space, of all processes: `DIR/.corehaul/space/ID-MISSING-HELD`. The files
 * there are empty, as a full disk has no room for more; their time says when the waiting one has looked last.
 */
export class SpaceLine {
  readonly #root: string;
  readonly #folder: string;

  /** @param root The download folder. */
  constructor(root: string) {
    this.#root = root;
    this.#folder = join(root, STATE_FOLDER, FOLDER);
  }

  /** Makes the folder, while there is space. */
  prepare(): void {
    makeStateFolder(this.#root, FOLDER);
  }

  /** What names a file there. */
  idOf(out: string): string {
    return textDigest(out, "hex").slice(0, ID_DIGITS);
  }

  /**
   * Notes that a file waits, and who else does.
   *
   * @param own The file.
   * @returns The others; without those that a disk does not let us see.
   */
  join(own: SpaceWaiter): SpaceWaiter[] {
    try {
      return this.#join(own);
    } catch {
      // The folder may be gone, or without room for a name: it waits alone.
      return [];
    }
  }

  /** Says that a file is on its way. */
  refresh(id: string): void {
    try {
      for (const name of this.#names(id)) renew(join(this.#folder, name));
    } catch {
      // The folder may be gone: then it is on its way alone.
    }
  }

  /** A file waits no more. */
  leave(id: string): void {
    for (const name of this.#names(id)) remove(join(this.#folder, name));
  }

  #join(own: SpaceWaiter): SpaceWaiter[] {
    this.prepare();
    const name = nameOf(own);
    const names = this.#names();
    for (const old of names) if (old.startsWith(own.id) && old !== name) remove(join(this.#folder, old));
    const path = join(this.#folder, name);
    const crowded = names.length >= MOST && own.held === 0 && !own.atLeast;
    if (crowded && !names.includes(name)) return this.#others(own, names, Date.now());
    renew(path);
    return this.#others(own, names, Deno.statSync(path).mtime?.getTime() ?? Date.now());
  }

  #others({ id }: SpaceWaiter, names: readonly string[], now: number): SpaceWaiter[] {
    const others: SpaceWaiter[] = [];
    for (const name of names) {
      const waiter = waiterOf(name);
      if (waiter === undefined || waiter.id === id) continue;
      const path = join(this.#folder, name);
      const silentMs = now - (modifiedAt(path) ?? -Infinity);
      if (silentMs <= ALIVE_MS) others.push(waiter);
      else if (silentMs > FORGOTTEN_MS) remove(path);
    }
    return others;
  }

  #names(id = ""): string[] {
    try {
      return Array.from(Deno.readDirSync(this.#folder), ({ name }) => name).filter((name) => name.startsWith(id));
    } catch {
      return [];
    }
  }
}

function nameOf({ id, missing, held, atLeast }: SpaceWaiter): string {
  return `${id}-${missing}-${held}${atLeast ? "-more" : ""}`;
}

function waiterOf(name: string): SpaceWaiter | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, id, missing, held, more] = match;
  return { id: id!, missing: Number(missing), held: Number(held), atLeast: more !== undefined };
}

function modifiedAt(path: string): number | undefined {
  try {
    return Deno.lstatSync(path).mtime?.getTime();
  } catch {
    return undefined;
  }
}

/** Makes a file anew: its time is that of the file system, by whose clock all are compared. */
function renew(path: string): void {
  remove(path);
  Deno.writeFileSync(path, new Uint8Array(0), { createNew: true });
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Gone already.
  }
}
