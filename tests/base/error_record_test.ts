import { assertEquals } from "@std/assert";
import { encodeError } from "../../base/error_record.ts";
import { CfgError } from "../../config/cfg_error.ts";

Deno.test("encodeError keeps name, code and message of anything thrown, in one line", () => {
  assertEquals(encodeError(new CfgError([{ field: "a", source: "b", message: "wrong\n  here" }])), {
    name: "CfgError",
    code: "config",
    message: "wrong here",
  });
  assertEquals(encodeError("text"), { name: "Error", code: "unknown", message: "text" });
  assertEquals(encodeError(new TypeError("")).message, "TypeError");
});
