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

Deno.test("parseCommand takes a URL without a command for get, and the name of a command for that", () => {
  const url = "http://a.test/x";
  const { name, args, flags } = parseCommand(["-d", "files", url, "s3://b/k", "--retries=1"]);
  assertEquals([name, args, flags], ["get", [url, "s3://b/k"], { dir: "files", retries: "1" }]);
  assertEquals(parseCommand([url, "get"]).args, [url, "get"]);
  assertEquals(parseCommand(["get", "http"]).args, ["http"]);
  assertEquals(parseCommand(["add", url]).name, "add");
  assertEquals(parseCommand(["HTTP://a.test/"]).name, "get");
  assertEquals(parseCommand(["75"]), { name: "run", args: [], flags: { "cpu-threshold": "75" } });
  const refused = [["a.test/x"], ["data:,x"], ["list.txt"], ["75", url], ["run", url], ["run", "75", url], [
    "status",
    url,
  ]];
  for (const argv of refused) assertThrows(() => parseCommand(argv), UsageError);
});

Deno.test("parseCommand takes letters that stand together, and a value behind the last one", () => {
  const flags = (...argv: string[]) => parseCommand(["get", ...argv]).flags;
  assertEquals(flags("-q"), { quiet: "true" });
  assertEquals(flags("-qj4"), { quiet: "true", jobs: "4" });
  assertEquals(flags("-vj", "4"), { verbose: "true", jobs: "4" });
  assertEquals(flags("-j=4", "-v"), { jobs: "4", verbose: "true" });
  for (const argv of [["-P", "a/b"], ["-Pa/b"], ["-da/b"], ["-P=a/b"], ["-qda/b", "-v=false"]]) {
    assertEquals(flags(...argv).dir, "a/b");
  }
  assertEquals(flags("-oname", "-i-", "--", "-qv"), { out: "name", input: ["-"] });
  assertEquals(parseCommand(["get", "-qh"]).name, "help");
  assertThrows(() => flags("-qx"), UsageError, "Unknown option -qx");
});
