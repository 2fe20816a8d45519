import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type ProcIdentity, procIdentity, procIsAlive } from "../../ffi/proc_identity.ts";

const ignore = Deno.build.os !== "linux";
const CHILD = new URL("./fixtures/identity_child.ts", import.meta.url).href;

Deno.test({ name: "procIdentity describes this process", ignore }, () => {
  const identity = procIdentity();
  assertEquals(identity.host, Deno.hostname());
  assertEquals(identity.pid, Deno.pid);
  assertEquals(identity.bootId, Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim());
  assert(/^[1-9]\d*$/.test(identity.startTime));
  assertEquals(procIdentity(), identity);
  assertEquals(JSON.parse(JSON.stringify(identity)), identity);
  assertEquals(procIsAlive(identity), true);
});

Deno.test({ name: "procIsAlive follows a process to its end", ignore }, async () => {
  await using child = await startChild([Deno.execPath(), "run", "-A", CHILD]);
  assertEquals(child.identity.pid, child.process.pid);
  assertNotEquals(child.identity, procIdentity());
  assertEquals(procIsAlive(child.identity), true);
  child.process.kill("SIGKILL");
  await child.process.status;
  assertEquals(procIsAlive(child.identity), false);
});

Deno.test({ name: "procIsAlive takes a stopped process for alive", ignore }, async () => {
  await using child = await startChild([Deno.execPath(), "run", "-A", CHILD]);
  child.process.kill("SIGSTOP");
  await untilState(child.process.pid, "T");
  assertEquals(procIsAlive(child.identity), true);
});

Deno.test({ name: "procIsAlive takes a zombie for dead", ignore }, async () => {
  // The shell never waits for the child that it started, as `sleep` takes its place.
  const script = `"$0" run -A "$1" & exec sleep 600`;
  await using shell = await startChild(["/bin/sh", "-c", script, Deno.execPath(), CHILD]);
  const { identity } = shell;
  assertNotEquals(identity.pid, shell.process.pid);
  assertEquals(procIsAlive(identity), true);
  Deno.kill(identity.pid, "SIGKILL");
  await untilState(identity.pid, "Z");
  assertEquals(procIsAlive(identity), false);
});

Deno.test({ name: "procIsAlive reads a command with spaces and parentheses", ignore }, async () => {
  const directory = await Deno.makeTempDir();
  try {
    const command = `${directory}/a) S 1 (b`;
    await Deno.symlink(Deno.execPath(), command);
    await using child = await startChild([command, "run", "-A", CHILD]);
    assert(Deno.readTextFileSync(`/proc/${child.process.pid}/stat`).includes("(a) S 1 (b)"));
    assertEquals(child.identity.startTime, startTimeOf(child.process.pid));
    assertEquals(procIsAlive(child.identity), true);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test({ name: "procIsAlive knows that a pid was given to another process", ignore }, () => {
  const identity = procIdentity();
  assertEquals(procIsAlive({ ...identity, startTime: `${Number(identity.startTime) + 1}` }), false);
});

Deno.test({ name: "procIsAlive knows that no process outlives a reboot", ignore }, () => {
  assertEquals(procIsAlive({ ...procIdentity(), bootId: "00000000-0000-4000-8000-000000000000" }), false);
});

Deno.test("procIsAlive cannot tell for another machine", () => {
  const identity = procIdentity();
  assertEquals(procIsAlive({ ...identity, host: `${identity.host}-other` }), undefined);
  assertEquals(procIsAlive({ ...identity, host: `${identity.host}-other`, bootId: "other" }), undefined);
});

Deno.test("procIsAlive cannot tell for another process namespace", () => {
  assertEquals(procIsAlive({ ...procIdentity(), pidNamespace: "pid:[1]" }), undefined);
});

Deno.test("procIsAlive cannot tell without a boot id or a start time", () => {
  const identity = procIdentity();
  assertEquals(procIsAlive({ ...identity, bootId: "" }), undefined);
  assertEquals(procIsAlive({ ...identity, startTime: "" }), undefined);
});

Deno.test({ name: "procIsAlive does without the namespace", ignore }, () => {
  const { host, bootId, pid, startTime } = procIdentity();
  assertEquals(procIsAlive({ host, bootId, pid, startTime }), true);
});

interface Child extends AsyncDisposable {
  process: Deno.ChildProcess;
  identity: ProcIdentity;
}

/** Starts a command that prints an identity, and kills it and the named process in the end. */
async function startChild([command = "", ...args]: string[]): Promise<Child> {
  const process = new Deno.Command(command, { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    assert(!done, "the child printed nothing");
    text += value;
  }
  const identity: ProcIdentity = JSON.parse(text);
  return {
    process,
    identity,
    [Symbol.asyncDispose]: async () => {
      for (const pid of new Set([identity.pid, process.pid])) kill(pid);
      await process.status;
      await reader.cancel();
    },
  };
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

async function untilState(pid: number, state: string): Promise<void> {
  while (!Deno.readTextFileSync(`/proc/${pid}/status`).includes(`State:\t${state}`)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function startTimeOf(pid: number): string | undefined {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return /^.*\) (?:\S+ ){19}(\d+) /.exec(text)?.[1];
}
