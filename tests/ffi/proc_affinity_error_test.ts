import { assertEquals, assertInstanceOf } from "@std/assert";
import { ProcAffinityError } from "../../ffi/proc_affinity_error.ts";

Deno.test("ProcAffinityError carries its data", () => {
  const cause = new TypeError("inner");
  const error = new ProcAffinityError("outer", { core: 3, errno: 22, reason: "not-allowed", cause });
  assertInstanceOf(error, Error);
  assertEquals(
    [error.name, error.code, error.core, error.errno, error.reason, error.message],
    ["ProcAffinityError", "proc_affinity", 3, 22, "not-allowed", "outer"],
  );
  assertEquals(error.cause, cause);
  assertEquals(String(error), "ProcAffinityError: outer");
});

Deno.test("ProcAffinityError has error number 0 and no cause unless they are given", () => {
  const error = new ProcAffinityError("outer", { core: 3, reason: "invalid" });
  assertEquals(error.errno, 0);
  assertEquals("cause" in error, false);
});
