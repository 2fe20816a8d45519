import { ensureDir } from "@std/fs/ensure-dir";
import { dirname, join } from "@std/path";
import type { LoopbackRegistry } from "./loopback_registry.ts";

/** How a program ended. */
export interface Ended {
  /** Exit code. */
  code: number;
  /** Standard output. */
  stdout: string;
  /** Standard error. */
  stderr: string;
}

/** A temporary folder with a Deno cache of its own, in which JSR is a {@linkcode LoopbackRegistry}. */
export class JsrSandbox implements AsyncDisposable {
  readonly #registry: LoopbackRegistry;

  /** The folder; it goes away when the sandbox is disposed. */
  readonly root: string;

  private constructor(registry: LoopbackRegistry, root: string) {
    this.#registry = registry;
    this.root = root;
  }

  /** Makes the folder. */
  static async create(registry: LoopbackRegistry): Promise<JsrSandbox> {
    return new JsrSandbox(registry, await Deno.makeTempDir({ prefix: "jsr_" }));
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }

  /** Makes a folder in the sandbox, with some text files by path; returns its path. */
  async folder(name: string, files: Record<string, string> = {}): Promise<string> {
    const folder = join(this.root, name);
    await ensureDir(folder);
    for (const [path, text] of Object.entries(files)) {
      await ensureDir(dirname(join(folder, path)));
      await Deno.writeTextFile(join(folder, path), text);
    }
    return folder;
  }

  /** Runs `deno` in a folder of the sandbox to its end. */
  async deno(folder: string, args: string[]): Promise<Ended> {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: folder,
      stdin: "null",
      env: {
        DENO_DIR: join(this.root, "deno_dir"),
        DENO_NO_UPDATE_CHECK: "1",
        JSR_URL: this.#registry.url,
        NO_COLOR: "1",
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Runs `deno publish` in a folder of the sandbox; that the types are right, a dry run of the static checks says. */
  async publish(folder: string): Promise<Ended> {
    return await this.deno(folder, ["publish", "--token", "x", "--allow-dirty", "--no-provenance", "--no-check"]);
  }
}
