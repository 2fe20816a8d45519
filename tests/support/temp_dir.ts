import { dirname, join } from "@std/path";

/** A temporary folder that goes away when it is disposed. */
export class TempDir implements AsyncDisposable {
  /** Its path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes one.
   *
   * @param dir Where. Default: where the system has its temporary files.
   */
  static async create(dir?: string): Promise<TempDir> {
    const place = { prefix: "corehaul_e2e_", ...(dir === undefined ? {} : { dir }) };
    return new TempDir(await Deno.realPath(await Deno.makeTempDir(place)));
  }

  /** A path in the folder. */
  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Writes a file, with the folders above it; returns its path. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = this.join(name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return path;
  }

  /** Adds to the end of a file. */
  async append(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.join(name), text, { append: true });
  }

  /** Writes a file as careful programs do: under another name, which is then renamed. */
  async replace(name: string, text: string): Promise<string> {
    const path = this.join(name);
    await Deno.writeTextFile(`${path}.new`, text);
    await Deno.rename(`${path}.new`, path);
    return path;
  }

  /** The names in the folder, in order. */
  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.path), ({ name }) => name)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
