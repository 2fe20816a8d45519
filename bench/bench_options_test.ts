import { assertEquals, assertThrows } from "@std/assert";
import { benchOptions } from "./bench_options.ts";
import { UsageError } from "./usage_error.ts";

Deno.test("benchOptions has the documented defaults", () => {
  const options = benchOptions([]);
  assertEquals(options.workloads.map(({ name }) => name), [
    ...["small", "medium", "large", "mixed", "latency", "throttled", "tls", "ftp", "sftp", "memory"],
  ]);
  assertEquals(options.tools.map(({ name }) => name), [
    "corehaul",
    "corehaul-100",
    "curl",
    "wget2",
    "aria2c",
    "aria2c-default",
    "axel",
    "rclone",
    "lftp",
    "sftp",
    "original",
  ]);
  const { rounds, scale, concurrency, serverWorkers, neighbours, on, json, chart, help } = options;
  assertEquals(
    { rounds, scale, concurrency, serverWorkers, neighbours, on, json, chart, help },
    {
      rounds: 5,
      scale: 1,
      concurrency: 64,
      serverWorkers: "auto",
      neighbours: 0,
      on: undefined,
      json: undefined,
      chart: undefined,
      help: false,
    },
  );
});

Deno.test("benchOptions reads values in both spellings, and a lone - as one", () => {
  const options = benchOptions(["--scale", "0.05", "--rounds=3", "--json", "-", "--tools", "curl, corehaul"]);
  assertEquals(options.scale, 0.05);
  assertEquals(options.rounds, 3);
  assertEquals(options.json, "-");
  assertEquals(options.tools.map(({ name }) => name), ["corehaul", "curl"]);
});

const BAD: readonly (readonly string[])[] = [
  ["--rounds", "0"],
  ["--rounds", "1.5"],
  ["--scale", "-1"],
  ["--scale"],
  ["--tools", "nosuch"],
  ["--workloads", "small,"],
  ["--concurrency", "301"],
  ["--server-workers", "all"],
  ["--nosuch"],
  ["extra"],
];
for (const args of BAD) {
  Deno.test(`benchOptions refuses ${args.join(" ")} in one line`, () => {
    const error = assertThrows(() => benchOptions(args), UsageError, "Cannot ");
    assertEquals(error.message.includes("\n"), false);
  });
}
