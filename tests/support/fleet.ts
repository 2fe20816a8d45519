import { assert, assertEquals } from "@std/assert";
import { assertCode, Corehaul, corehaul, type CorehaulOptions, type Ended } from "./corehaul.ts";
import { type ListedTask, listedTasks } from "./task_table.ts";
import { RedisServer, type RedisServerOptions } from "./redis_server.ts";
import { TempDir } from "./temp_dir.ts";

/** An owner that is soon taken for dead; short enough not to wait for, and no machine is so busy that it would lose it. */
export const SHORT_LEASE = ["--lease", "4", "--heartbeat", "0.5"];
/** An owner that soon sees who is dead, and that nobody doubts any sooner. */
export const LOOKS_OFTEN = ["--heartbeat", "0.4"];

/** Several machines as several processes: one list on a redis-server of their own, and a download folder each. */
export class Fleet implements AsyncDisposable {
  readonly #started: Corehaul[] = [];

  /** The server of the list. */
  readonly redis: RedisServer;
  /** The folder in which they run. */
  readonly home: TempDir;

  private constructor(redis: RedisServer, home: TempDir) {
    this.redis = redis;
    this.home = home;
  }

  /** Starts the server; disposing ends everything. */
  static async create(options: RedisServerOptions = {}): Promise<Fleet> {
    return new Fleet(await RedisServer.start({ aof: true, ...options }), await TempDir.create());
  }

  /** The address of the list. */
  get queue(): string {
    return this.redis.url();
  }

  /** Puts urls on the list. */
  async add(urls: readonly string[]): Promise<void> {
    const ended = await this.command("add", "--input", await this.home.write("urls.txt", urls.join("\n")));
    assertCode(ended, 0);
  }

  /** Runs one command on the list. */
  command(name: string, ...args: string[]): Promise<Ended> {
    return corehaul([name, ...args, "--queue", this.queue], { cwd: this.home.path });
  }

  /** Starts machine `index`, which downloads into `m0`, `m1`, …, until all is settled. */
  async start(index: number, args: readonly string[] = [], more: Partial<CorehaulOptions> = {}): Promise<Corehaul> {
    const run = await Corehaul.start(
      // The load of the machine is not what is tested here.
      ["run", "100", "--dir", `m${index}`, "--queue", this.queue, "--json", "--once", ...args],
      // Nor how many answers come before a server that holds them back is asked for more.
      { cwd: this.home.path, ...more, env: { CFG_PER_HOST: "0", ...more.env } },
    );
    this.#started.push(run);
    return run;
  }

  /** The tasks of the list. */
  tasks(): Promise<ListedTask[]> {
    return listedTasks(this.queue, { cwd: this.home.path });
  }

  /**
   * Asserts that all of so many tasks are done, that each file is whole on some machine, and that no file anywhere has
   * other bytes; says how many machines have each path.
   */
  async assertAllThere(count: number, expected: (url: URL) => Uint8Array): Promise<Map<string, number>> {
    const tasks = await this.tasks();
    assertEquals(tasks.length, count);
    const byPath = new Map(tasks.map((task) => [task.out, task]));
    const places = new Map<string, number>();
    for await (const { name } of Deno.readDir(this.home.path)) {
      if (!/^m\d$/.test(name)) continue;
      for await (const file of Deno.readDir(this.home.join(name))) {
        if (file.name.startsWith(".corehaul") || file.name.includes(".part")) continue;
        const task = byPath.get(file.name);
        assert(task !== undefined, `${name}/${file.name} is no task's`);
        const bytes = await Deno.readFile(this.home.join(name, file.name));
        assertEquals(bytes, expected(new URL(task.url)), `${name}/${file.name}`);
        places.set(file.name, (places.get(file.name) ?? 0) + 1);
      }
    }
    for (const { id, out, status, error } of tasks) {
      assertEquals(status, "done", `${id}: ${error?.message}`);
      assert(places.has(out), `${out} is nowhere`);
    }
    return places;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#started) await run[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
    await this.home[Symbol.asyncDispose]();
  }
}

/** How many files a run has finished, by its own account. */
export function doneOf({ stdout }: Ended): number {
  return Number(JSON.parse(stdout.trimEnd().split("\n").at(-1)!).done);
}

/** Asserts that no task was settled as done twice, whoever did it. */
export function assertDoneOnce(runs: readonly Corehaul[], count?: number): void {
  const ids = runs.flatMap((run) => run.events("task_done").map(({ id }) => id));
  assertEquals(ids.length, new Set(ids).size, "no task is done twice");
  if (count !== undefined) assertEquals(ids.length, count);
}
