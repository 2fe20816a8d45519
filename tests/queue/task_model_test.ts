import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  MAX_CRASHES,
  type Task,
  TASK_MOVES,
  TASK_STATUSES,
  taskAssignedNumber,
  taskCanMove,
  taskClaim,
  taskControl,
  type TaskError,
  taskHost,
  type TaskMove,
  type TaskOutcome,
  taskSettle,
  type TaskStatus,
} from "../../queue/task_model.ts";

const NOW = 9000;
const error: TaskError = { kind: "http", message: "The server said 503", status: 503, retryable: true, at: 1 };

const OUTCOMES: readonly TaskOutcome[] = [
  { type: "done", startedAt: 5, facts: { bytes: 7, finalUrl: "http://final.example/" } },
  { type: "failed", startedAt: 5, error },
  { type: "retry", startedAt: 5, error, notBefore: 12_000 },
  { type: "released" },
  { type: "deferred", notBefore: 12_000 },
  { type: "crashed" },
];

function task(more: Partial<Task> = {}): Task {
  return {
    id: "t1",
    seq: 1,
    url: "http://a.example/x",
    out: "x",
    priority: 0,
    status: "waiting",
    attempts: 0,
    crashes: 0,
    addedAt: 1,
    ...more,
  };
}

function running(more: Partial<Task> = {}): Task {
  return task({ status: "running", owner: "o", core: 3, ...more });
}

Deno.test("TASK_MOVES is the table of the design, and taskCanMove reads it", () => {
  const table: Record<TaskMove, TaskStatus[]> = {
    claim: ["waiting"],
    done: ["running"],
    failed: ["running"],
    retry: ["running"],
    released: ["running"],
    deferred: ["running"],
    crashed: ["running"],
    pause: ["waiting", "running"],
    resume: ["paused"],
    cancel: ["waiting", "running", "paused"],
    again: ["failed", "canceled", "done"],
    prioritize: ["waiting", "running", "paused", "failed"],
    remove: ["waiting", "running", "paused", "failed", "canceled", "done"],
    vanish: ["waiting", "paused"],
    return: ["canceled"],
  };
  assertEquals(TASK_MOVES, table);
  for (const [move, from] of Object.entries(table) as [TaskMove, TaskStatus[]][]) {
    for (const status of TASK_STATUSES) assertEquals(taskCanMove(status, move), from.includes(status));
  }
  assertEquals([...TASK_STATUSES].sort(), ["canceled", "done", "failed", "paused", "running", "waiting"]);
});

Deno.test("taskClaim throws unless the task waits", () => {
  for (const status of TASK_STATUSES) {
    if (status === "waiting") continue;
    const message = `Cannot claim task "t1" as it must be waiting: current value is ${status}`;
    assertThrows(() => taskClaim(task({ status }), "o", 1), TypeError, message);
  }
});

Deno.test("taskClaim gives the task its owner and its core, and keeps the history", () => {
  const waiting = task({ attempts: 2, crashes: 1, error, notBefore: 4, core: 9 });
  const { notBefore: _, ...rest } = waiting;
  assertEquals(taskClaim(waiting, "o", 3), { ...rest, status: "running", owner: "o", core: 3 });
  assertEquals(waiting.status, "waiting", "the task that was given stays as it is");
});

Deno.test("taskSettle throws unless the task runs, whatever the outcome", () => {
  for (const outcome of OUTCOMES) {
    for (const status of TASK_STATUSES) {
      if (status === "running") continue;
      const message = `Cannot ${outcome.type} task "t1" as it must be running: current value is ${status}`;
      assertThrows(() => taskSettle(task({ status }), outcome, NOW), TypeError, message);
    }
  }
});

Deno.test("taskSettle as done stores the facts and clears the error and the crashes", () => {
  const before = running({
    attempts: 1,
    crashes: 2,
    error,
    etag: "old",
    lastModified: "old",
    bytes: 1,
    finalUrl: "old",
  });
  assertEquals(
    taskSettle(before, OUTCOMES[0]!, NOW),
    task({
      status: "done",
      core: 3,
      attempts: 2,
      startedAt: 5,
      finishedAt: NOW,
      bytes: 7,
      finalUrl: "http://final.example/",
    }),
  );
});

Deno.test("taskSettle as failed or retry counts the attempt and keeps the error", () => {
  const before = running({ attempts: 1, crashes: 2 });
  const after = { core: 3, attempts: 2, crashes: 0, startedAt: 5, error };
  const { retryable: _, ...told } = error;
  const history = (again?: number) => [{ ...told, startedAt: 5, core: 3, ...(again === undefined ? {} : { again }) }];
  const failed = task({ ...after, status: "failed", finishedAt: NOW, history: history() });
  assertEquals(taskSettle(before, OUTCOMES[1]!, NOW), failed);
  const waiting = task({ ...after, status: "waiting", notBefore: 12_000, history: history(12_000) });
  assertEquals(taskSettle(before, OUTCOMES[2]!, NOW), waiting);
});

Deno.test("taskSettle as retry or deferred throws if the time never comes", () => {
  for (const notBefore of [NaN, Infinity, -Infinity]) {
    for (
      const outcome of [{ type: "retry", startedAt: 5, error, notBefore }, { type: "deferred", notBefore }] as const
    ) {
      assertThrows(() => taskSettle(running(), outcome, NOW), RangeError, "notBefore must be a finite number");
    }
  }
});

Deno.test("taskSettle as released changes nothing but the state", () => {
  const before = running({ attempts: 1, crashes: 2, error });
  assertEquals(
    taskSettle(before, { type: "released" }, NOW),
    task({ core: 3, attempts: 1, crashes: 2, error }),
  );
});

Deno.test("taskSettle as deferred changes the state and the time, and counts nothing", () => {
  const before = running({ attempts: 1, crashes: 2, error });
  assertEquals(
    taskSettle(before, { type: "deferred", notBefore: 12_000 }, NOW),
    task({ core: 3, attempts: 1, crashes: 2, error, notBefore: 12_000 }),
  );
});

Deno.test("taskSettle as crashed lets the task wait four times and fails it the fifth", () => {
  let current = running({ attempts: 1 });
  for (let crashes = 1; crashes <= MAX_CRASHES; crashes++) {
    current = taskSettle(current, { type: "crashed" }, NOW);
    assertEquals([current.crashes, current.attempts], [crashes, 1]);
    assertEquals([current.error?.kind, current.error?.retryable], ["crash", crashes < MAX_CRASHES]);
    assertEquals(current.status, crashes < MAX_CRASHES ? "waiting" : "failed");
    assertEquals(current.finishedAt, crashes < MAX_CRASHES ? undefined : NOW);
    assert(!("owner" in current));
    if (crashes < MAX_CRASHES) current = taskClaim(current, "o", 3);
  }
});

Deno.test("taskControl again throws unless the task is settled", () => {
  for (const status of ["waiting", "running", "paused"] as const) {
    const message = `Cannot again task "t1" as it must be failed or canceled or done: current value is ${status}`;
    assertThrows(() => taskControl(task({ status }), "again", NOW), TypeError, message);
  }
});

Deno.test("taskControl again gives a settled task a fresh budget and keeps what is known of its file", () => {
  for (const status of ["failed", "canceled", "done"] as const) {
    const settled = task({
      status,
      attempts: 6,
      crashes: 5,
      error,
      finishedAt: 1,
      notBefore: 2,
      etag: "e",
      startedAt: 3,
    });
    assertEquals(taskControl(settled, "again", NOW), task({ etag: "e", startedAt: 3 }));
  }
});

Deno.test("taskControl pauses, resumes and cancels, and remembers what began", () => {
  const waiting = task({ notBefore: NOW + 1, attempts: 2, error });
  assertEquals(
    taskControl(waiting, "pause", NOW),
    task({ ...waiting, status: "paused", moves: [{ at: NOW, move: "pause" }] }),
  );
  const ran = (move: "pause" | "cancel") => ({ moves: [{ at: NOW, move, ran: true as const }] });
  assertEquals(
    taskControl(running(), "pause", NOW),
    task({ status: "paused", core: 3, begun: true, ...ran("pause") }),
  );
  assertEquals(
    taskControl(task({ status: "paused", notBefore: NOW, begun: true }), "resume", NOW),
    task({ begun: true, moves: [{ at: NOW, move: "resume" }] }),
  );
  const canceled = task({ status: "canceled", core: 3, begun: true, finishedAt: NOW, ...ran("cancel") });
  assertEquals(taskControl(running(), "cancel", NOW), canceled);
  assertEquals(taskControl(canceled, "again", NOW), task({ core: 3, begun: true, ...ran("cancel") }));
});

Deno.test("taskControl gives another priority, notes that, and changes nothing else", () => {
  const moves = [{ at: NOW, move: "prioritize", ran: true, priority: -7 }] as const;
  assertEquals(taskControl(running({ priority: 1 }), "prioritize", NOW, -7), running({ priority: -7, moves }));
});

Deno.test("taskSettle as released says whether an attempt had begun, and done forgets it", () => {
  const released = taskSettle(running(), { type: "released", begun: true }, NOW);
  assertEquals(released, task({ core: 3, begun: true }));
  const done = taskSettle(taskClaim(released, "o", 3), {
    type: "done",
    startedAt: 1,
    facts: { bytes: 1, finalUrl: "u" },
  }, NOW);
  assertEquals(done.begun, undefined);
});

Deno.test("taskAssignedNumber knows the ids that the list itself gives", () => {
  assertEquals(["t1", "t42", "t999999999999999"].map(taskAssignedNumber), [1, 42, 999_999_999_999_999]);
  for (const id of ["", "t", "t0", "t01", "T1", "t1 ", "xt1", "t-1", "t1.5", "t1e3", "t1000000000000000"]) {
    assertEquals(taskAssignedNumber(id), undefined, id);
  }
});

Deno.test("taskHost is the host and port of a url, or nothing", () => {
  assertEquals(taskHost("https://user:secret@A.example:8443/x?y"), "a.example:8443");
  assertEquals(taskHost("http://a.example:80/x"), "a.example");
  assertEquals([taskHost("no url"), taskHost("file:///x"), taskHost("data:,x")], ["", "", ""]);
});
