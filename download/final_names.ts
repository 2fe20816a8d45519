import { fileExists } from "../base/file_exists.ts";
import { RenameNoReplace } from "../ffi/rename_no_replace.ts";
import { mayReplaceNow, type Replaceable } from "./file_mark.ts";

/** Gives finished files their names, and replaces nothing unless it is told to. */
export class FinalNames implements Disposable {
  readonly #renamer: RenameNoReplace;

  /** @param library The path of the C library, if there is one to use; or what was opened of it. */
  constructor(library?: string | RenameNoReplace) {
    this.#renamer = library instanceof RenameNoReplace ? library : new RenameNoReplace(library);
  }

  /**
   * Renames a file.
   *
   * @param from The unfinished file.
   * @param to Its final name.
   * @param replace What it may take the place of; looked at once more just before. Default: nothing.
   * @throws {Deno.errors.AlreadyExists} If something has that name, which stays as it is.
   */
  give(from: string, to: string, replace: Replaceable = false): void {
    if (mayReplaceNow(to, replace)) return Deno.renameSync(from, to);
    const result = this.#renamer.rename(from, to);
    if (result === "renamed") return;
    if (result === "exists") throw new Deno.errors.AlreadyExists(to);
    try {
      // A link fails where the name is taken.
      Deno.linkSync(from, to);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotFound) throw error;
      // Some file systems have no links.
      if (fileExists(to)) throw new Deno.errors.AlreadyExists(to);
      Deno.renameSync(from, to);
      return;
    }
    Deno.removeSync(from);
  }

  [Symbol.dispose](): void {
    this.#renamer[Symbol.dispose]();
  }
}
