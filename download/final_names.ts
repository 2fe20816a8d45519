import { fileExists } from "../base/file_exists.ts";
import { RenameNoReplace } from "../ffi/rename_no_replace.ts";

/** Gives finished files their names, and replaces nothing unless it is told to. */
export class FinalNames implements Disposable {
  readonly #renamer: RenameNoReplace;

  /** @param library The path of the C library, if there is one to use. */
  constructor(library?: string) {
    this.#renamer = new RenameNoReplace(library);
  }

  /**
   * Renames a file.
   *
   * @param from The unfinished file.
   * @param to Its final name.
   * @param replace Put it in the place of a file that has the name. Default false.
   * @throws {Deno.errors.AlreadyExists} If something has that name, which stays as it is.
   */
  give(from: string, to: string, replace = false): void {
    if (replace) return Deno.renameSync(from, to);
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
