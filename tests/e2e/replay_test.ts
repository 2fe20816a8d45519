/** After `kill -9` nothing that was finished is fetched again, and nothing unfinished stays behind. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { relative } from "@std/path";
import { walk } from "@std/fs";
import { ClaimLog } from "../../download/claim_log.ts";
import { listManifestFiles, readManifestFile } from "../../download/manifest_files.ts";
import { Manifest, type ManifestLine } from "../../download/manifest.ts";
import { procIdentity } from "../../ffi/proc_identity.ts";
import { assertCode, Corehaul, corehaul, type Ended, jsonLines, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";

const RUN = ["run", "100", "--once", "--tasks", "tasks.txt", "--dir", "files", "--queue", "kv:queue.db", "--json"];
const COUNT = 600;
const SIZE = 3000;
/** How many requests further a process gets that is to be killed soon; fewer than are left of the list. */
const AHEAD = 50;

/** The paths below the download folder that are not Corehaul's own. */
async function pathsIn(dir: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path, isFile } of walk(dir)) if (isFile) paths.push(relative(dir, path));
  return paths.filter((path) => !path.startsWith(".corehaul")).sort();
}

/** The lines of a manifest, each with its writer, and only those that were not taken back. */
async function linesIn(dir: string): Promise<(ManifestLine & { writer: string })[]> {
  const lines: (ManifestLine & { writer: string })[] = [];
  for (const { path, writer } of await listManifestFiles(`${dir}/.corehaul/manifest`)) {
    for await (const { entries } of readManifestFile(path)) {
      for (const { line } of entries) if (!("void" in line)) lines.push({ ...line, writer });
    }
  }
  return lines;
}

/** Files that must not be asked for again: those with a final name, and those that are whole by their line. */
async function finishedIn(dir: string): Promise<string[]> {
  const there = new Set(await pathsIn(dir));
  const finished = new Set([...there].filter((path) => !path.includes(".part")));
  for (const { out, writer, fence } of await linesIn(dir)) {
    if (there.has(`${out}.part-${writer}-${fence}`) || there.has(`${out}.part`)) finished.add(out);
  }
  return [...finished];
}

/** Ends like a process that was killed in the middle of a line. */
async function tear(dir: string): Promise<void> {
  for (const { path } of await listManifestFiles(`${dir}/.corehaul/manifest`)) {
    await Deno.writeTextFile(path, '{"id":"t9","fence":"torn","ou', { append: true });
  }
}

async function assertNothingBehind(dir: string, count: number): Promise<void> {
  const paths = await pathsIn(dir);
  assertEquals(paths.filter((path) => path.includes(".part")), []);
  assertEquals(paths.length, count);
  assertEquals([...Deno.readDirSync(`${dir}/.corehaul/running`)], []);
}

/** Asserts how many tasks of the list are done, by the summary of a run, and that no task is anything else. */
function assertAllDone({ stdout }: Ended, count: number): void {
  const { counts } = jsonLines(stdout).at(-1) as { counts: Record<string, number> };
  assertEquals(Object.entries(counts).filter(([, tasks]) => tasks > 0), [["done", count]]);
}

/** Asserts that each file, named after its path at the server, is what the server has. */
async function assertServed(dir: string, outs: readonly string[]): Promise<void> {
  for (const out of outs) assertEquals(await Deno.readFile(`${dir}/${out}`), bytesFor(`/${out}`, SIZE), out);
}

shareCommandProcesses();

for (const command of ["run", "get"]) {
  Deno.test(`corehaul ${command} that is killed again and again asks for no finished file twice`, async () => {
    await using home = await TempDir.create();
    const dir = home.join("files");
    // Folders too, and some files that are large enough for a lock of their own.
    const pathOf = (i: number) => command === "run" ? `/${i}` : `/f${i % 7}-${i}`;
    const sizeOf = (path: string) => path.endsWith("9") ? 100_000 : SIZE;
    // So many are served: no process that is to be killed gets to the end of the list before that.
    let most = 0;
    await using server = FaultServer.start(async ({ path }, server) => {
      const turn = server.requests.length;
      await server.hold(() => turn <= most);
      return new Response(bytesFor(path, sizeOf(path)));
    });
    const entries = Array.from({ length: COUNT }, (_, i) => ({ url: server.url + pathOf(i), out: `d${i % 5}/${i}` }));
    await home.write("tasks.txt", entries.map((entry) => JSON.stringify(entry)).join("\n"));
    const where = command === "run" ? RUN : ["get", "-i", "tasks.txt", "--dir", "files", "--json"];
    // Whoever is killed loses what is under way, which is to be a small part of the list.
    const args = [...where, "--concurrency", "16"];
    const settled: unknown[] = [];
    const asked = new Map<string, number>();
    const pathByOut = new Map(entries.map(({ url, out }) => [out, new URL(url).pathname]));
    const assertNotAsked = () => {
      for (const [path, hits] of asked) assertEquals(server.hits(path), hits, path);
    };
    for (const share of [0.1, 0.35, 0.6, 0.85]) {
      most = Math.max(COUNT * share, server.requests.length) + AHEAD;
      await using doomed = await Corehaul.start(args, { cwd: home.path });
      await doomed.until("some files", () => server.requests.length > most - AHEAD);
      // At any moment.
      await server.pause(Math.random() * 30);
      doomed.kill("SIGKILL");
      assertEquals((await doomed.ended()).code, 137);
      settled.push(...doomed.events("task_done").map(({ id }) => id));
      await tear(dir);
      assertNotAsked();
      for (const out of await finishedIn(dir)) {
        const path = pathByOut.get(out)!;
        asked.set(path, server.hits(path));
      }
    }
    most = Infinity;
    const last = await corehaul(args, { cwd: home.path });
    assertCode(last, 0);
    assertNotAsked();
    assert(asked.size > COUNT / 4, `${asked.size}`);
    await assertNothingBehind(dir, COUNT);
    for (const { url, out } of entries) {
      const { pathname } = new URL(url);
      assertEquals(await Deno.readFile(`${dir}/${out}`), bytesFor(pathname, sizeOf(pathname)), out);
    }
    const verified = await corehaul(["manifest", "--verify", "-d", "files"], { cwd: home.path });
    assertCode(verified, 0);
    assertEquals(verified.stdout, `${COUNT} ok, 0 wrong\n`);
    if (command === "get") return;
    settled.push(...jsonLines(last.stdout).filter(({ type }) => type === "task_done").map(({ id }) => id));
    assertEquals(settled.length, new Set(settled).size);
    assertAllDone(last, COUNT);
  });
}

Deno.test("corehaul get takes what a dead process had finished, and asks for nothing", async () => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => new Response(bytesFor(path, SIZE)));
  const root = home.join("files");
  const outs = ["small", "large", "named"];
  const claims = outs.map((out) => ({ worker: 0, fence: "f", out }));
  using log = new ClaimLog(root, { ...procIdentity(), startTime: "1", owner: "gone" }, () => claims);
  log.add(claims);
  for (const [out, name] of [["small", "small.part-gone-0-f"], ["large", "large.part"], ["named", "named"]] as const) {
    await home.write(`files/${name}`, bytesFor(`/${out}`, SIZE));
    const { ino } = await Deno.stat(home.join("files", name));
    const url = `${server.url}/${out}`;
    using manifest = new Manifest(root, "gone-0");
    const about = { id: "t1", url, finalUrl: url, attempts: 1, core: 0, startedAt: 1, finishedAt: Date.now() };
    manifest.append([{ ...about, fence: "f", out, bytes: SIZE, inode: ino! }]);
  }
  await tear(root);
  log.leave();
  const ended = await corehaul(["get", ...outs.map((out) => `${server.url}/${out}`), "-d", "files", "--json"], {
    cwd: home.path,
  });
  assertCode(ended, 0);
  assertEquals(server.requests, []);
  const [recovered] = jsonLines(ended.stdout).filter(({ type }) => type === "files_recovered");
  assertEquals([recovered?.named, recovered?.removed], [2, 0]);
  assertMatch(ended.stderr, /A dead process left 2 whole files/);
  await assertNothingBehind(root, 3);
  for (const out of outs) assertEquals(await Deno.readFile(home.join("files", out)), bytesFor(`/${out}`, SIZE));
});

for (const overwrite of ["never", "always"]) {
  Deno.test(`corehaul run finishes for another process what that had on its last line, --overwrite ${overwrite}`, async () => {
    await using home = await TempDir.create();
    let slow = true;
    await using server = FaultServer.start(async ({ path }, server) => {
      await server.hold(() => !slow);
      return new Response(bytesFor(path, SIZE));
    });
    const root = home.join("files");
    await home.write("tasks.txt", Array.from({ length: 8 }, (_, i) => `${server.url}/${i}`).join("\n"));
    // Both hold back all answers.
    const args = [...RUN, "--concurrency", "4", "--workers", "1", "--per-host", "0", "--overwrite", overwrite];
    await using doomed = await Corehaul.start(args, { cwd: home.path });
    await doomed.until("its downloads", () => server.open === 4);
    const first = server.requests.map(({ path }) => path);
    const [log] = [...Deno.readDirSync(`${root}/.corehaul/running`)];
    await using other = await Corehaul.start(args, { cwd: home.path });
    await other.until("its downloads", () => server.open === 8);
    // The other one may look only when everything is as a crash leaves it.
    other.kill("SIGSTOP");
    doomed.kill("SIGKILL");
    await doomed.ended();
    const text = await Deno.readTextFile(`${root}/.corehaul/running/${log!.name}`);
    const [head, ...lines] = text.trim().split("\n").map((line) => JSON.parse(line));
    const outs = first.map((path) => path.slice(1));
    for (const [worker, claims] of lines as [number, Record<string, string[]>][]) {
      const writer = `${head.owner}-${worker}`;
      using manifest = new Manifest(root, writer);
      for (const [fence, claimed] of Object.entries(claims)) {
        for (const out of claimed.filter((out) => outs.includes(out))) {
          // One had only begun, one was named already.
          const name = out === outs[1] ? out : `${out}.part-${writer}-${fence}`;
          await home.write(`files/${name}`, out === outs[0] ? "half" : bytesFor(`/${out}`, SIZE));
          if (out === outs[0]) continue;
          const { ino } = await Deno.stat(`${root}/${name}`);
          const url = `${server.url}/${out}`;
          const about = { id: "t1", url, finalUrl: url, attempts: 1, core: 0, startedAt: 1, finishedAt: Date.now() };
          manifest.append([{ ...about, fence, out, bytes: SIZE, inode: ino! }]);
        }
      }
    }
    slow = false;
    other.kill("SIGCONT");
    const ended = await other.ended();
    assertCode(ended, 0);
    assertEquals(first.map((path) => server.hits(path)), [2, 1, 1, 1]);
    assertEquals(server.requests.length, 9);
    await assertNothingBehind(root, 8);
    assertAllDone(ended, 8);
    const names = Array.from({ length: 8 }, (_, i) => `${i}`);
    await assertServed(root, names);
    assertEquals(await filesIn(root), names);
  });
}

Deno.test("corehaul run and corehaul run, killed in turns, ask for no finished file twice", async () => {
  await using home = await TempDir.create();
  const dir = home.join("files");
  // So many are served: the one that lives does not get to the end before the others had their part.
  let most = 50 + AHEAD;
  await using server = FaultServer.start(async ({ path }, server) => {
    const turn = server.requests.length;
    await server.hold(() => turn <= most);
    return new Response(bytesFor(path, SIZE));
  });
  await home.write("tasks.txt", Array.from({ length: COUNT }, (_, i) => `${server.url}/${i}`).join("\n"));
  const start = (name: string) =>
    Corehaul.start([...RUN, "--concurrency", "8", "--user-agent", name], { cwd: home.path });
  const isAtWork = (name: string) => server.requests.some(({ headers }) => headers.get("user-agent") === name);
  const asked = new Map<string, number>();
  await using survivor = await start("survivor");
  await survivor.until("some files", () => server.requests.length > 50);
  for (const share of [0.3, 0.6]) {
    await using doomed = await start(`doomed ${share}`);
    await doomed.until("its downloads", () => isAtWork(`doomed ${share}`));
    most = COUNT * share;
    await doomed.until(
      "its part",
      () => server.requests.length > COUNT * share - AHEAD && doomed.events("task_done").length > 0,
    );
    doomed.kill("SIGKILL");
    await doomed.ended();
    for (const out of await finishedIn(dir)) asked.set(out, server.hits(`/${out}`));
  }
  most = Infinity;
  assertCode(await survivor.ended(), 0);
  // What was under way in the living one at the look may have been asked for since: only once in all.
  for (const [out, hits] of asked) assertEquals(server.hits(`/${out}`), hits, out);
  // One that was killed with nothing in its hands is no business of the survivor, but of the next start.
  const requests = server.requests.length;
  const last = await corehaul(RUN, { cwd: home.path });
  assertCode(last, 0);
  assertEquals(server.requests.length, requests);
  await assertNothingBehind(dir, COUNT);
  assertAllDone(last, COUNT);
  await assertServed(dir, Array.from({ length: COUNT }, (_, i) => `${i}`));
});
