import { assertEquals, assertThrows } from "@std/assert";
import { settingsFromOptions } from "../../app/downloader_options.ts";
import { CfgError } from "../../config/cfg_error.ts";

Deno.test("settingsFromOptions passes on what answers must be, which statuses to retry, and where checksums are", () => {
  const { expectType, retryOn, checksumFile } = settingsFromOptions({
    expectType: "image/*, application/zip",
    retryOn: "404, 5xx",
    checksumFile: "SHA256SUMS",
  });
  assertEquals([expectType, retryOn, checksumFile], ["image/*, application/zip", "404, 5xx", "SHA256SUMS"]);
  const plain = settingsFromOptions({});
  assertEquals([plain.expectType, plain.retryOn, plain.checksumFile], [undefined, "408,425,429,5xx", undefined]);
  assertEquals(settingsFromOptions({ expectType: "auto" }).expectType, "auto");
});

Deno.test("settingsFromOptions names every list that is wrong, with its value", () => {
  const error = assertThrows(() => settingsFromOptions({ expectType: "image", retryOn: "5x" }), CfgError);
  assertEquals(error.problems.map(({ field }) => field), ["expectType", "retryOn"]);
  for (const [i, value] of ['"image"', '"5x"'].entries()) {
    assertEquals(error.problems[i]!.message.endsWith(`current value is ${value}`), true, error.problems[i]!.message);
  }
});
