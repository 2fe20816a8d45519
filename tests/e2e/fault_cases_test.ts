/** Every case of the fault server, through the command line. */
import { assert, assertEquals } from "@std/assert";
import { fallbackOut, outProblem } from "../../download/task_names.ts";
import { answering, RawServer, reply } from "../download/raw_server.ts";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { type FaultCase, FaultCaseServer } from "../support/fault_case_server.ts";
import { FAULT_CASES } from "../support/fault_cases.ts";
import { HOSTILE_NAMES } from "../support/hostile_names.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testCertificate } from "../support/test_certificate.ts";

const isSilent = ({ title }: FaultCase) => title.startsWith("is silent");

shareCommandProcesses(2);

testClients("corehaul run stores one version or nothing in every case of the fault server", async (client) => {
  // A busy machine is silent as well: only where nothing else ends an attempt that does.
  await assertCases(client, FAULT_CASES.filter((fault) => !isSilent(fault)), "3600", 1);
  await assertCases(client, FAULT_CASES.filter(isSilent), "8", 0);
});

async function assertCases(
  client: string,
  cases: readonly FaultCase[],
  stallTimeout: string,
  code: number,
): Promise<void> {
  await using home = await TempDir.create();
  await using stack = new AsyncDisposableStack();
  const servers = cases.map((fault) => stack.use(new FaultCaseServer(fault)));
  const entries = cases.map(({ task }, i) => ({ url: servers[i]!.url(`x${i}`), out: `x${i}`, ...task }));
  const { ended, tasks } = await runOnce(home, client, entries, [
    ...["--retries", "2", "--stall-timeout", stallTimeout, "--max-redirects", "5", "--workers", "2", "--no-pin"],
  ]);
  assertCode(ended, code);
  const wrong: string[] = [];
  const stored: string[] = [];
  for (const [i, { title, ends, asked }] of cases.entries()) {
    const task = tasks.find(({ out }) => out === `x${i}`)!;
    const path = home.join("files", `x${i}`);
    if ("stored" in ends) {
      stored.push(`x${i}`);
      if (task.status !== "done") wrong.push(`${title}: ${task.status}, ${task.error?.message}`);
      else if (!equal(await Deno.readFile(path), ends.stored)) wrong.push(`${title}: the file is another one`);
    } else if (task.status !== "failed" || !ends.failed.includes(task.error!.kind)) {
      wrong.push(`${title}: ${task.status}, ${task.error?.kind}, ${task.error?.message}`);
    }
    if (asked !== undefined && servers[i]!.asked !== asked) wrong.push(`${title}: it asked ${servers[i]!.asked}`);
  }
  assertEquals(wrong, []);
  const names = (await filesIn(home.join("files"))).filter((name) => !/\.part(-info)?$/.test(name));
  assertEquals(names, stored.sort());
}

testClients("corehaul run gets no file out of its folder by any name of a server", async (client) => {
  await using home = await TempDir.create();
  await using server = new RawServer(answering((request) => {
    const nth = Number(/^GET \/(\d+)\/get /.exec(request)![1]);
    return reply("content", "200 OK", `Content-Disposition: ${HOSTILE_NAMES[nth]![0]}`);
  }));
  const entries = HOSTILE_NAMES.map((_, nth) => server.url(`/${nth}/get`).href);
  const { ended, tasks } = await runOnce(home, client, entries);
  assertCode(ended, 0);
  const outs = new Set<string>();
  for (const [nth, url] of entries.entries()) {
    const { out } = tasks.find((task) => task.url === url)!;
    // Several have one name: only the first of them gets it.
    const [, name] = HOSTILE_NAMES[nth]!;
    assert(out === name || out === fallbackOut(name, url), `${HOSTILE_NAMES[nth]![0]}: ${out}`);
    assertEquals(outProblem(out), undefined);
    outs.add(out);
  }
  assertEquals(await filesIn(home.join("files")), [...outs].sort());
  assertEquals(outs.size, entries.length);
  assertEquals((await home.names()).filter((name) => !name.startsWith("queue.db")), ["files", "tasks.json"]);
});

testClients("corehaul run follows from https to http only with --allow-downgrade", async (client) => {
  await using home = await TempDir.create();
  const pair = await testCertificate(["localhost"]);
  await home.write("ca.pem", pair.cert);
  await using plain = new RawServer(answering(reply("content")));
  const location = `Location: ${plain.url("/end").href}`;
  await using secure = new RawServer(answering(() => reply("", "302 Found", location)), pair);
  const entries = [{ url: secure.url("/x", "localhost").href, out: "x" }];
  const refused = await runOnce(home, client, entries, ["--ca", "ca.pem"]);
  assertCode(refused.ended, 1);
  assertEquals([refused.tasks[0]?.error?.kind, plain.accepted], ["security", 0]);
  assertEquals(await filesIn(home.join("files")), []);
  const { ended } = await runOnce(home, client, [{ ...entries[0], out: "y" }], ["--ca", "ca.pem", "--allow-downgrade"]);
  // The first task stays failed, as nobody asked for it again.
  assertCode(ended, 1);
  assertEquals(await filesIn(home.join("files")), ["y"]);
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
