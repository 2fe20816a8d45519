/**
 * A driver of the user that tries what it may not do, with harmless input, when it opens a url and when it lists a folder. It
 * answers with what it got.
 *
 * @module
 */
import { libcLibrary } from "../../ffi/libc_library.ts";
import { PROJECT_ROOT } from "./corehaul.ts";

/** What {@linkcode probingDriver} tries. */
export interface ProbeTargets {
  /** The url of the folder of our modules. Default: that of this project. */
  project?: string;
  /** A file that it must not read. */
  secret: string;
  /** A path that it must not write to. */
  target: string;
  /** Paths of the C library. Default: those by which it is found here. */
  libraries?: readonly string[];
}

/** What came of each attempt: `refused: …`, or what it got. */
export interface ProbeReport {
  /** When it opened the url. */
  open: Record<string, string>;
  /** When it listed the folder that the url is in. */
  list: Record<string, string>;
}

/** The url of a folder of {@linkcode probingDriver}, with one file in it. */
export const PROBE_FOLDER = "probe://x/folder/";

/** The modules in `ffi/` that hold symbols of a library, and what each is asked for by {@linkcode probingDriver}. */
const USES: Record<string, string> = {
  "exec_program.ts": `m.execProgram("/no/such/program", ["x"], {}) ?? refuse("it came back")`,
  "file_space.ts": `new m.FileSpace(lib).free("/") ?? refuse("not known")`,
  "libc_numbers.ts": `new m.LibcNumbers(lib).cpuMs() ?? refuse("not known")`,
  "load_library.ts": `m.loadLibrary(lib, GETPID).symbols.getpid()`,
  "rename_no_replace.ts":
    `new m.RenameNoReplace(lib).rename("/no/such/file", target) === "failed" ? refuse("failed") : 0`,
  "sched_affinity.ts": `new m.SchedAffinity(lib).get().cores`,
  "thread_affinity_mask.ts": `m.threadAffinityMask(lib, 1n)`,
};

/** Those modules that hold symbols, as the files themselves say. */
export async function symbolModules(): Promise<string[]> {
  const folder = new URL("ffi/", PROJECT_ROOT);
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    if (/\bloadLibrary\(|\bdlopen\(/.test(text)) names.push(name);
  }
  return names.sort();
}

/** The modules that {@linkcode probingDriver} uses. */
export const PROBED_MODULES: readonly string[] = Object.keys(USES).sort();

/** The text of the driver. */
export function probingDriver(
  { project = PROJECT_ROOT.href, secret, target, libraries = [libcLibrary()!, "libc.so.6"] }: ProbeTargets,
): string {
  const uses = Object.entries(USES).map(([name, use]) =>
    `await attempt("${name}", async () => { const m = await import(project + "ffi/${name}"); return ${use}; });`
  );
  return `
const [project, secret, target] = ${JSON.stringify([project, secret, target])};
const lib = ${JSON.stringify(libraries[0])};
const GETPID = { getpid: { parameters: [], result: "i32" } };
const refuse = (why) => { throw new Error(why); };
async function probe() {
  const report = {};
  const attempt = async (name, run) => {
    try {
      report[name] = "got " + String(await run());
    } catch (error) {
      report[name] = "refused: " + error.message;
    }
  };
  const process = (await import("node:process")).default;
  for (const path of ${JSON.stringify([...libraries, `/proc/self/root${libraries[0]}`])}) {
    await attempt("dlopen " + path, () => Deno.dlopen(path, GETPID).symbols.getpid());
  }
  ${uses.join("\n  ")}
  await attempt("pointer", () => Deno.UnsafePointer.of(new Uint8Array(1)));
  await attempt("node dlopen", () => process.dlopen({ exports: {} }, lib));
  await attempt("ffi", () => Deno.permissions.requestSync({ name: "ffi" }).state === "granted" || refuse("no"));
  await attempt("thread with ffi", () => new Worker("data:text/javascript,", {
    type: "module", deno: { permissions: { ffi: true } },
  }).terminate());
  await attempt("variable", () => Deno.env.get("HOME"));
  await attempt("variables", () => Object.keys(Deno.env.toObject()).length);
  await attempt("variable of node", () => process.env.HOME);
  await attempt("environ", () => Deno.readTextFileSync("/proc/self/environ").length);
  await attempt("program", () => new Deno.Command("true").outputSync().success);
  await attempt("read", () => Deno.readTextFileSync(secret));
  await attempt("import", async () => (await import("file://" + secret)).default);
  await attempt("folder", () => [...Deno.readDirSync(".")].length);
  await attempt("write", () => Deno.writeTextFileSync(target, ""));
  await attempt("link", () => Deno.symlinkSync(secret, target));
  return report;
}
export default {
  async open({ url }) {
    const listed = new URL(url).searchParams.get("list");
    const report = { open: await probe(), list: listed === null ? {} : JSON.parse(listed) };
    return { body: [new TextEncoder().encode(JSON.stringify(report))], filename: "report.json" };
  },
  async *list({ url }) {
    const list = JSON.stringify(await probe());
    yield { url: "probe://x/report?" + new URLSearchParams({ list }), path: "report.json" };
  },
};
`;
}
