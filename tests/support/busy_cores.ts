import { findProgram } from "./find_program.ts";

/** Keeps a core busy; ends by itself when its parent is gone, or after five minutes. */
const SPIN = `
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
parent, end = os.getppid(), time.time() + 300
while os.getppid() == parent and time.time() < end:
    for _ in range(100000):
        pass
`;

/** The cores that this process may use. */
export async function allowedCores(): Promise<number[]> {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(await Deno.readTextFile("/proc/self/status"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [from, to] = range.split("-").map(Number);
    return Array.from({ length: (to ?? from!) - from! + 1 }, (_, i) => from! + i);
  });
}

/** A process on every core that does nothing but turn. */
export class BusyCores implements AsyncDisposable {
  readonly #children: Deno.ChildProcess[] = [];

  /** Starts them. */
  static async start(): Promise<BusyCores> {
    const python = await findProgram("python3", ["--version"]);
    const busy = new BusyCores();
    for (const core of await allowedCores()) {
      busy.#children.push(
        new Deno.Command(python, { args: ["-c", SPIN, String(core)], stdin: "null", stdout: "null" }).spawn(),
      );
    }
    return busy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const child of this.#children) await child.status;
  }
}
