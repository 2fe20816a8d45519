/**
 * Several processes on one list, killed at random moments: whatever happens, in the end every file is there once and whole,
 * and none was asked for after it was finished.
 *
 * `CHAOS_ROUNDS`, `CHAOS_FILES` and `CHAOS_SEED` in the environment ask for more rounds, other lists, or the same ones again.
 *
 * @module
 */
import { walk } from "@std/fs/walk";
import { assertEquals } from "@std/assert";
import { dirname, relative } from "@std/path";
import { listManifestFiles, manifestFolder, readManifestFile } from "../../download/manifest_files.ts";
import type { ManifestLine } from "../../download/manifest_line.ts";
import { assertCode, Corehaul, corehaul } from "../support/corehaul.ts";
import { bytesFor } from "../support/fault_server.ts";
import { NginxServer } from "../support/nginx_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";
import { chaosCheck, type ChaosFindings } from "./chaos_check.ts";

const ROUNDS = Number(Deno.env.get("CHAOS_ROUNDS") ?? 3);
const FILES = Number(Deno.env.get("CHAOS_FILES") ?? 500);
const SEED = Number(Deno.env.get("CHAOS_SEED") ?? Math.floor(Math.random() * 2 ** 31));
/** Sizes at the edges of what is written in one piece, and files that take a while. */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 200_000];
const LARGE = 2_000_000;
const LARGE_EVERY = 50;
const RUN = ["run", "100", "--once", "--tasks", "tasks.txt", "--dir", "files", "--queue", "kv:queue.db", "--json"];

/** What was done to the processes of a round. */
interface Violence {
  kills: number;
  allKilled: number;
  terms: number;
  torn: number;
}

type Round = Violence & ChaosFindings;

/** A small generator of numbers from 0 to 1, so that a seed gives the same round again (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

Deno.test(`corehaul survives ${ROUNDS} rounds of killing: none lost, none doubled, none corrupt`, async () => {
  await using source = await TempDir.create();
  const wanted = new Map<string, Uint8Array>();
  for (let i = 0; i < FILES; i++) {
    const path = `d${i % 20}/f${i}.bin`;
    const size = i % LARGE_EVERY === 0 ? LARGE : i % 5 === 0 ? SIZES[i / 5 % SIZES.length]! : (i * 37) % 12_000;
    wanted.set(path, bytesFor(path, size));
    await Deno.mkdir(dirname(source.join(path)), { recursive: true });
    await Deno.writeFile(source.join(path), wanted.get(path)!);
    // A date of this very second would prove nothing about a version.
    await Deno.utime(source.join(path), 1_700_000_000, 1_700_000_000);
  }
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await play(source, wanted, numbers(SEED + round)));
  console.log(table(rounds));
  const sum = (name: keyof Round) => rounds.reduce((total, each) => total + each[name], 0);
  const wrong = ["lost", "corrupt", "again", "doubled", "unproved", "leftovers", "miscounted"] as const;
  const none = Object.fromEntries(wrong.map((name) => [name, 0]));
  assertEquals(Object.fromEntries(wrong.map((name) => [name, sum(name)])), none, `CHAOS_SEED=${SEED}`);
});

async function play(source: TempDir, wanted: ReadonlyMap<string, Uint8Array>, random: () => number): Promise<Round> {
  await using home = await TempDir.create();
  await using server = await NginxServer.start(source.path, { limitRate: "4m" });
  await home.write("tasks.txt", [...wanted.keys()].map((path) => `${server.url}/${path}\n`).join(""));
  // Two files of one name in two folders would get other names than here: the path says where each goes.
  const start = () => Corehaul.start([...RUN, "--name-template", "{path}/{name}"], { cwd: home.path });
  const violence: Violence = { kills: 0, allKilled: 0, terms: 0, torn: 0 };
  const told: string[] = [];
  const finish = async (process: Corehaul) => {
    await process.ended();
    told.push(...process.events("task_done").map(({ id }) => String(id)));
  };
  let living = await Promise.all(Array.from({ length: 2 + Math.floor(random() * 2) }, start));
  const disasters = 2 + Math.floor(random() * 4);
  for (let i = 0; i < disasters; i++) {
    // A moment of the work, however fast it is; sometimes before it has begun.
    const share = Math.floor((random() - 0.1) * wanted.size / disasters);
    const before = filesOf(living);
    await until("the moment", () => living.every(({ over }) => over) || filesOf(living) >= before + share);
    await new Promise((resolve) => setTimeout(resolve, random() * 50));
    const kind = random();
    const victims = kind < 0.4 ? living : [living[Math.floor(random() * living.length)]!];
    for (const victim of victims) {
      if (victim.over) continue;
      victim.kill(kind > 0.85 ? "SIGTERM" : "SIGKILL");
      if (kind > 0.85) violence.terms++;
      else violence.kills++;
    }
    await Promise.all(victims.map(finish));
    if (kind < 0.4) {
      violence.allKilled++;
      if (await tear(home, random)) violence.torn++;
    }
    living = [...living.filter((process) => !victims.includes(process)), ...await Promise.all(victims.map(start))];
  }
  await Promise.all(living.map(finish));
  for (const process of living) assertCode(await process.ended(), 0);
  const options = { cwd: home.path };
  const { stdout } = await corehaul(["status", "--json", "--queue", "kv:queue.db"], options);
  assertCode(await corehaul(["manifest", "--verify", "--dir", "files"], options), 0);
  const found: string[] = [];
  for await (const { path } of walk(home.join("files"), { includeDirs: false })) {
    const name = relative(home.join("files"), path);
    if (!name.startsWith(".corehaul/manifest/")) found.push(name);
  }
  const findings = await chaosCheck({
    ...{ wanted, told, found, counts: JSON.parse(stdout).counts },
    read: (path) => Deno.readFile(home.join("files", path)).catch(() => undefined),
    requests: await server.requests(),
    manifest: await manifestLines(home.join("files")),
  });
  return { ...violence, ...findings };
}

/** How many files have been finished by processes, as far as they have told. */
function filesOf(processes: readonly Corehaul[]): number {
  return processes.reduce((sum, process) => sum + doneIn(process), 0);
}

/** What was counted of the output of a process, and up to where: it is looked at often, and gets long. */
const counted = new WeakMap<Corehaul, { files: number; upTo: number }>();
const DONE = '"type":"task_done"';

function doneIn(process: Corehaul): number {
  const { stdout } = process;
  let { files, upTo } = counted.get(process) ?? { files: 0, upTo: 0 };
  for (let at = stdout.indexOf(DONE, upTo); at !== -1; at = stdout.indexOf(DONE, upTo)) {
    files++;
    upTo = at + DONE.length;
  }
  counted.set(process, { files, upTo: Math.max(upTo, stdout.length - DONE.length) });
  return files;
}

/** Every line of the manifest, but for those that were taken back. */
async function manifestLines(dir: string): Promise<ManifestLine[]> {
  const lines: ManifestLine[] = [];
  for (const { path } of await listManifestFiles(manifestFolder(dir))) {
    for await (const { entries } of readManifestFile(path)) {
      for (const { line } of entries) {
        if (!("void" in line)) lines.push(line);
        else lines.splice(lines.findLastIndex(({ fence, out }) => fence === line.void && out === line.out), 1);
      }
    }
  }
  return lines;
}

/** A power failure may leave half a line at the end of a journal: here nobody is left to write the other half. */
async function tear(home: TempDir, random: () => number): Promise<boolean> {
  const folder = home.join("files/.corehaul/manifest");
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
  const name = names.sort()[Math.floor(random() * names.length)];
  if (name === undefined) return false;
  const half = '{"out":"d0/f0.bin","url":"http://127.0.0.1:1/d0/f0.bin","bytes":1';
  await Deno.writeTextFile(`${folder}/${name}`, half.slice(0, 1 + Math.floor(random() * half.length)), {
    append: true,
  });
  return true;
}

function table(rounds: readonly Round[]): string {
  const names = Object.keys(rounds[0]!) as (keyof Round)[];
  const rows = [["round", ...names], ...rounds.map((round, i) => [i + 1, ...names.map((name) => round[name])])];
  const sums = ["sum", ...names.map((name) => rounds.reduce((total, round) => total + round[name], 0))];
  const texts = [...rows, sums].map((row) => row.map(String));
  const widths = texts[0]!.map((_, at) => Math.max(...texts.map((row) => row[at]!.length)));
  return [`seed ${SEED}`, ...texts.map((row) => row.map((cell, at) => cell.padStart(widths[at]!)).join("  "))].join(
    "\n",
  );
}
