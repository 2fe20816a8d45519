const ROOT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;

/** A control group that gives its processes a part of the CPU time, as a container engine makes them. Only for root. */
export class CpuGroup implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** True if this process may make one. */
  static async allowed(): Promise<boolean> {
    if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
    try {
      await using _group = await CpuGroup.create(1);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Makes one.
   *
   * @param cores How many cores' worth of time it has.
   */
  static async create(cores: number): Promise<CpuGroup> {
    const second = await Deno.stat(`${ROOT}/cgroup.controllers`).then(() => true, () => false);
    const group = new CpuGroup(`${ROOT}${second ? "" : "/cpu"}/corehaul_${crypto.randomUUID()}`);
    await Deno.mkdir(group.#folder);
    try {
      if (second) await group.#set("cpu.max", `${cores * PERIOD_US} ${PERIOD_US}`);
      else {
        await group.#set("cpu.cfs_period_us", String(PERIOD_US));
        await group.#set("cpu.cfs_quota_us", String(cores * PERIOD_US));
      }
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
    return group;
  }

  /** What a command is started with to run in there. */
  get wrapper(): string[] {
    return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.#folder];
  }

  async #set(name: string, text: string): Promise<void> {
    // A file that is not there must not be made: on a file system of another kind that would work.
    await Deno.writeTextFile(`${this.#folder}/${name}`, text, { create: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder);
  }
}
