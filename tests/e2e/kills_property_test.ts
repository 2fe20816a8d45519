/**
 * Whatever happens to the process and to the remote files, at whatever moment: a final name stands for exactly one version,
 * or is not there. Real processes get real signals here; `tests/download/faults_property_test.ts` tries many more
 * sequences within one process.
 *
 * `KILL_RUNS` and `KILL_SEED` in the environment ask for more sequences or for others.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertCode, Corehaul } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";
import { VersionedFile, type VersionTraits } from "../support/versioned_file.ts";

const RUNS = Number(Deno.env.get("KILL_RUNS") ?? 10);
const SEED = Number(Deno.env.get("KILL_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const LARGE = 1_200_000;
const COMMANDS = ["get", "run"] as const;
let played = 0;

/** One process, and what becomes of it. */
interface Step {
  /** The file has changed before it starts. */
  before: VersionTraits | undefined;
  /** The moment: so many bytes of bodies were sent. */
  sent: number;
  /** The server sends nothing further until the moment is over. */
  hold: boolean;
  /** The moment comes so many milliseconds later. */
  laterMs: number;
  /** The file changes at that moment. */
  during: VersionTraits | undefined;
  /** What happens to the process. */
  signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "none";
  /** Another process works beside it. */
  twin: boolean;
}

const traits: fc.Arbitrary<VersionTraits> = fc.record({
  length: fc.constantFrom(LARGE, LARGE, LARGE, LARGE + 100_000, LARGE - 100_000, 5000),
  etag: fc.constantFrom("strong", "strong", "weak", "none"),
  date: fc.constantFrom("own", "common", "now", "none"),
  ifRange: fc.boolean(),
});

const step: fc.Arbitrary<Step> = fc.record({
  before: fc.option(traits, { nil: undefined }),
  sent: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: LARGE }), fc.constant(LARGE)),
  hold: fc.boolean(),
  laterMs: fc.constantFrom(0, 0, 1, 3, 10, 30),
  during: fc.option(traits, { nil: undefined }),
  signal: fc.constantFrom("SIGKILL", "SIGKILL", "SIGKILL", "SIGTERM", "SIGSTOP", "none"),
  twin: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});

const sequence = fc.record({
  first: traits,
  steps: fc.array(step, { minLength: 2, maxLength: 4 }),
  client: fc.constantFrom("auto", "fetch"),
});

Deno.test("corehaul leaves whole files of one version or none, whatever kills it and however the files change", async () => {
  await fc.assert(
    fc.asyncProperty(sequence, async ({ first, steps, client }) => {
      // In turns, so that few sequences have as many of each.
      const command = COMMANDS[played++ % COMMANDS.length]!;
      try {
        await play(command, client, first, steps);
      } catch (cause) {
        throw new Error(`corehaul ${command}`, { cause });
      }
    }),
    // A smaller sequence would take as long to find as all of this.
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
});

async function play(command: "get" | "run", client: string, first: VersionTraits, steps: Step[]): Promise<void> {
  await using home = await TempDir.create();
  const files = new Map([
    ["large", new VersionedFile("large", first)],
    ["small", new VersionedFile("small", { ...first, length: 3000 })],
  ]);
  const large = files.get("large")!;
  const small = files.get("small")!;
  await using server = FaultServer.start((request, server) =>
    files.get(request.path.slice(1))!.answer(request, server)
  );
  const urls = [...files.keys()].map((name) => `${server.url}/${name}`);
  await home.write("tasks.txt", urls.join("\n") + "\n");
  const args = [
    ...(command === "get" ? ["get", ...urls] : ["run", "--once", "--tasks", "tasks.txt", "--queue", "kv:queue.db"]),
    ...["-d", "files", "--workers", "1", "--no-pin", "--grace", "0", "--retry-wait", "0.02", "--http-client", client],
  ];
  /** Which version stands under each final name. */
  const seen = new Map<string, number>();
  const look = async () => {
    for (const [name, file] of files) {
      const bytes = await Deno.readFile(home.join("files", name)).catch(() => undefined);
      if (bytes === undefined) {
        assert(!seen.has(name), `${name} was there, and is not any more`);
        continue;
      }
      const version = file.versionOf(bytes);
      assert(version !== undefined, `${name} has ${bytes.length} bytes that are no version`);
      assertEquals(version, seen.get(name) ?? version, `${name} was finished, and changed`);
      seen.set(name, version);
    }
  };
  for (const { before, sent, hold, laterMs, during, signal, twin } of steps) {
    const change = (traits: VersionTraits | undefined) => {
      if (traits === undefined) return;
      large.change(traits);
      small.change({ ...traits, length: 3000 });
    };
    change(before);
    large.holdAt(hold ? sent : Infinity);
    await using process = await Corehaul.start(args, { cwd: home.path });
    await using other = twin ? await Corehaul.start(args, { cwd: home.path }) : undefined;
    await until("the moment", () => process.over || (large.asked > 0 && large.sent >= sent), { everyMs: 2 });
    await new Promise((resolve) => setTimeout(resolve, laterMs));
    if (!process.over && signal !== "none") process.kill(signal);
    await look();
    change(during);
    large.letGo();
    if (signal === "SIGSTOP" && !process.over) process.kill("SIGCONT");
    await process.ended();
    await other?.ended();
    await look();
  }
  await using last = await Corehaul.start(args, { cwd: home.path });
  assertCode(await last.ended(), 0);
  await look();
  assertEquals([...seen.keys()].sort(), ["large", "small"]);
  const strange = (await Array.fromAsync(Deno.readDir(home.join("files")), ({ name }) => name))
    .filter((name) => !files.has(name) && name !== ".corehaul" && !/^(large|small)\.part(-|$)/.test(name));
  assertEquals(strange, []);
}
