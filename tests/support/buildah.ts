import { debianFiles } from "./debian_files.ts";
import { findProgram } from "./find_program.ts";
import { TempDir } from "./temp_dir.ts";

/** How a command of {@linkcode Buildah} ended. */
export interface BuildahEnd {
  code: number;
  stdout: string;
  stderr: string;
}

/** Builds images and runs what is in them, without an engine; everything is in a folder of its own. Only for root. */
export class Buildah implements AsyncDisposable {
  readonly #path: string;
  readonly #home: TempDir;
  readonly #containers: string[] = [];

  private constructor(path: string, home: TempDir) {
    this.#path = path;
    this.#home = home;
  }

  /** True if this process may build images. */
  static get allowed(): boolean {
    return Deno.build.os === "linux" && Deno.uid() === 0;
  }

  /** Prepares the folder. */
  static async create(): Promise<Buildah> {
    return new Buildah(await findProgram("buildah", ["--version"]), await TempDir.create());
  }

  /** Runs one command. */
  run(...args: string[]): Promise<BuildahEnd> {
    return this.runIn([], ...args);
  }

  /** Runs one command, started with something else, such as `ip netns exec one`. */
  async runIn(wrapper: readonly string[], ...args: string[]): Promise<BuildahEnd> {
    const [program, ...first] = [...wrapper, this.#path];
    const { code, stdout, stderr } = await new Deno.Command(program!, {
      args: [
        ...first,
        ...["--root", this.#home.join("images"), "--runroot", this.#home.join("run"), "--storage-driver", "vfs"],
        ...args,
      ],
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /**
   * Runs commands in a container, one after the other, whatever they end with. The container is started for all of them at
   * once, as a start takes longer than most commands.
   *
   * @param options Options of `buildah run`.
   * @param container The container.
   * @param commands Programs with their arguments.
   * @returns How each ended.
   */
  async runAll(options: readonly string[], container: string, ...commands: string[][]): Promise<BuildahEnd[]> {
    const script = commands.map((command) =>
      `${command.map(quoted).join(" ")}\nprintf '\\0%d\\0' $?\nprintf '\\0' >&2\n`
    );
    const args = ["run", "--isolation", "chroot", ...options, container, "--", "sh", "-c", script.join("")];
    const ended = await this.run(...args);
    const [stdout, stderr] = [ended.stdout.split("\0"), ended.stderr.split("\0")];
    if (stdout.length !== commands.length * 2 + 1) {
      throw new Error(`Cannot run ${commands.length} commands: ${ended.stderr}`);
    }
    return commands.map((_, i) => ({ code: Number(stdout[i * 2 + 1]), stdout: stdout[i * 2]!, stderr: stderr[i]! }));
  }

  /** Runs one command that must succeed; returns what it printed. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`Cannot buildah ${args.slice(0, 2).join(" ")}: ${stderr.slice(-4000)}`);
    return stdout.trim();
  }

  /** A container of an image, or of nothing (`scratch`). */
  async container(image: string): Promise<string> {
    const name = await this.must("from", "--pull-never", image);
    this.#containers.push(name);
    return name;
  }

  /** Makes an image of a container, which is gone then. */
  async commit(container: string, image: string): Promise<void> {
    await this.must("commit", "--quiet", "--rm", container, image);
    this.#containers.splice(this.#containers.indexOf(container), 1);
  }

  /** An image with the smallest Debian there is, made of what this machine has of it: nothing is fetched or installed. */
  async debian(image: string): Promise<void> {
    const container = await this.container("scratch");
    const root = await this.must("mount", container);
    const list = await this.#home.write("debian", (await debianFiles()).join("\n"));
    const copy = 'set -o pipefail; tar -C / --no-recursion -c -T "$0" | tar -C "$1" -x';
    const copied = await new Deno.Command("bash", { args: ["-c", copy, list, root], stdin: "null" }).output();
    if (!copied.success) throw new Error(`Cannot copy Debian: ${new TextDecoder().decode(copied.stderr).slice(-2000)}`);
    for (const name of ["passwd", "group"]) {
      await Deno.copyFile(`${root}/usr/share/base-passwd/${name}.master`, `${root}/etc/${name}`);
    }
    await this.commit(container, image);
  }

  /** An image with nothing but this very Deno, as the official one has it. */
  async deno(image: string): Promise<void> {
    const container = await this.container("scratch");
    await this.must("copy", "--quiet", container, await Deno.realPath(Deno.execPath()), "/deno");
    await this.commit(container, image);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const container of this.#containers) await this.run("rm", container);
    // What was mounted must not be when the folder goes.
    await this.run("umount", "--all");
    await this.#home[Symbol.asyncDispose]();
  }
}

/**
 * How a build reaches the registry of npm packages as this machine does: the same settings, and the same certificates. They are
 * secrets and arguments of the build, and not in the image.
 */
export async function registryArgs(): Promise<string[]> {
  const args: string[] = [];
  const npmrc = Deno.env.get("NPM_CONFIG_USERCONFIG") ?? `${Deno.env.get("HOME")}/.npmrc`;
  if (await exists(npmrc)) args.push("--secret", `id=npmrc,src=${npmrc}`);
  const registry = Deno.env.get("NPM_CONFIG_REGISTRY") ?? Deno.env.get("npm_config_registry");
  if (registry !== undefined) args.push("--build-arg", `NPM_CONFIG_REGISTRY=${registry}`);
  const certificates = Deno.env.get("DENO_CERT") ?? Deno.env.get("SSL_CERT_FILE") ??
    "/etc/ssl/certs/ca-certificates.crt";
  if (await exists(certificates)) args.push("--secret", `id=ca,src=${certificates}`);
  return args;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
