import { assertEquals } from "@std/assert";
import { taskListOptions } from "../../app/task_list_options.ts";

const REDIS = "redis://127.0.0.1:6379/0";
const FILE = "kv:queue.db";

function optionsOf(queue: string, runs: boolean, more: { queueTimeoutMs?: number; leaseMs?: number } = {}) {
  return taskListOptions({ queue, namespace: "default", waitQueue: false, fleetPerHost: 0, ...more }, runs);
}

Deno.test("taskListOptions is patient as the kind of the list and the command need it, or as it is told", async () => {
  const patience = async (queue: string, runs: boolean, queueTimeoutMs?: number) =>
    (await optionsOf(queue, runs, queueTimeoutMs === undefined ? {} : { queueTimeoutMs })).patienceMs;
  assertEquals(await Promise.all([patience(REDIS, true), patience(REDIS, false)]), [600_000, 10_000]);
  assertEquals(await Promise.all([patience(FILE, true), patience(FILE, false)]), [30_000, 30_000]);
  assertEquals(await Promise.all([patience(REDIS, true, 7), patience(FILE, true, 7)]), [7, 7]);
});

Deno.test("taskListOptions gives an answer two thirds of a lease, and ten seconds at the most", async () => {
  const answer = async (leaseMs?: number) =>
    (await optionsOf(REDIS, true, leaseMs === undefined ? {} : { leaseMs })).answerMs;
  assertEquals(await Promise.all([answer(), answer(3000), answer(15_000), answer(60_000)]), [
    10_000,
    2000,
    10_000,
    10_000,
  ]);
});
