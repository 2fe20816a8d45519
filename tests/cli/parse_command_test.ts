import { assertEquals, assertThrows } from "@std/assert";
import { parseCommand, UsageError } from "../../cli/parse_command.ts";
import { CFG_FIELDS } from "../../config/cfg_fields.ts";

Deno.test("parseCommand takes a negative priority for a word, and leaves every id behind it", () => {
  const words = (...argv: string[]) => parseCommand(argv).args;
  assertEquals(words("priority", "-5"), ["-5"]);
  assertEquals(words("priority", "-5", "t1"), ["-5", "t1"]);
  assertEquals(words("priority", "-5", "t1", "t2"), ["-5", "t1", "t2"]);
  assertEquals(words("--namespace", "priority", "priority", "-5", "t1"), ["-5", "t1"]);
  assertEquals(words("priority", "5", "t1"), ["5", "t1"]);
  const { args, flags } = parseCommand(["--queue", "kv:x", "priority", "-12", "t1", "--where", "host=a"]);
  assertEquals([args, flags], [["-12", "t1"], { queue: "kv:x", where: ["host=a"] }]);
  for (
    const argv of [["-5", "t1"], ["get", "-5", "t1"], ["get", "-o", "priority", "-5"], ["priority", "1", "-5", "t1"]]
  ) {
    assertThrows(() => parseCommand(argv), UsageError, "Unknown option -5");
  }
});

Deno.test("parseCommand takes a - for a value, behind either name of an option", () => {
  for (const flag of ["-i", "--input"]) assertEquals(parseCommand(["get", flag, "-"]).flags, { input: ["-"] });
});

Deno.test("parseCommand takes the last value of an option that is given twice, and all of a repeatable one", () => {
  for (const field of CFG_FIELDS.filter(({ placeholder }) => placeholder !== undefined)) {
    const command = field.commands[0]!;
    const spellings = [`--${field.flag}`, field.short === undefined ? `--${field.flag}` : `-${field.short}`];
    const argv = [command, spellings[0]!, "a", spellings[1]!, "b"];
    assertEquals(parseCommand(argv).flags, { [field.flag]: field.repeatable ? ["a", "b"] : "b" });
  }
  assertEquals(parseCommand(["run", "--config", "a", "--config=b"]).config, "b");
});

Deno.test("parseCommand says that an option with nothing behind its = needs a value", () => {
  for (const field of CFG_FIELDS) {
    const flag = `--${field.flag}`;
    assertThrows(() => parseCommand([field.commands[0]!, `${flag}=`]), UsageError, `Option ${flag} needs a value`);
    assertThrows(() => parseCommand([field.commands[0]!, `${flag}=`, "x"]), UsageError, `Option ${flag} needs a value`);
  }
  for (const flag of ["-d", "--config"]) {
    assertThrows(() => parseCommand(["run", `${flag}=`]), UsageError, `Option ${flag} needs a value`);
  }
  assertThrows(() => parseCommand(["run", "--no-pin="]), UsageError, "Option --no-pin takes no value");
  assertEquals(parseCommand(["get", "--", "--dir="]).args, ["--dir="]);
});
