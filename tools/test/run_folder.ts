/** The variable that names a folder which all tests of a run share, and which goes with the run. Absent: a file runs alone. */
export const RUN_FOLDER = "COREHAUL_TEST_RUN";

/** A new folder for a run; disposing removes it. */
export class RunFolder implements AsyncDisposable {
  /** What tells the tests of it. */
  readonly env: Readonly<Record<string, string>>;
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
    this.env = { [RUN_FOLDER]: path };
  }

  /** Makes it. */
  static async create(): Promise<RunFolder> {
    return new RunFolder(await Deno.makeTempDir({ prefix: "corehaul_tests_" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#path, { recursive: true });
  }
}
