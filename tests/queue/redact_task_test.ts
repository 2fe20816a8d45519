import { assertEquals } from "@std/assert";
import { redactTask } from "../../queue/redact_task.ts";
import type { Task } from "../../queue/task_model.ts";

const TASK: Task = {
  id: "a",
  seq: 1,
  url: "http://u:secret@example.org/a",
  out: "a",
  priority: 2,
  status: "waiting",
  attempts: 0,
  crashes: 0,
  addedAt: 1,
};

Deno.test("redactTask hides accounts and values of headers, and leaves the rest and the task itself as they are", () => {
  const secret: Task = {
    ...TASK,
    headers: { Authorization: "secret", "X-Other": "secret too" },
    mirrors: ["http://v:secret@mirror.example/a", "http://other.example/a"],
    limitRate: 1000,
    checksum: "md5:d41d8cd98f00b204e9800998ecf8427e",
  };
  const before = structuredClone(secret);
  const shown = redactTask(secret);
  assertEquals(JSON.stringify(shown).includes("secret"), false, JSON.stringify(shown));
  assertEquals(Object.keys(shown), Object.keys(secret));
  assertEquals(shown.headers, { Authorization: "…", "X-Other": "…" });
  assertEquals(shown.mirrors?.[1], "http://other.example/a");
  assertEquals({ ...shown, url: "", headers: {}, mirrors: [] }, { ...secret, url: "", headers: {}, mirrors: [] });
  assertEquals(secret, before);
});

Deno.test("redactTask leaves a task as it is that has no secrets", () => {
  const plain = { ...TASK, url: "http://example.org/a" };
  assertEquals(redactTask(plain), plain);
});
