import { assertThrows } from "@std/assert";
import { DataServer } from "./data_server.ts";
import { type DriverBackend, driverContract } from "./driver_contract.ts";

Deno.test("driverContract skips no case that does not exist, and none without a reason", () => {
  const start = () => Promise.resolve(new DataServer());
  const register = (skips: Record<string, string>) => () =>
    driverContract({ name: "any", start, skips: skips as NonNullable<DriverBackend["skips"]> });
  assertThrows(register({ "gives a fille": "of the name" }), Error, 'Cannot skip "gives a fille"');
  assertThrows(register({ toString: "it is inherited" }), Error, 'Cannot skip "toString"');
  assertThrows(register({ "gives an empty file": " " }), Error, "the reason must be given");
});
