import { assert, assertEquals } from "@std/assert";
import { COMMANDS, PAGES, WITHOUT_COMMAND } from "../../cli/parse_command.ts";
import { CFG_FIELDS, type CfgField } from "../../config/cfg_fields.ts";
import { readDocument, section, tables } from "./markdown.ts";

const HAN = /\p{Script=Han}/u;

function spell(field: CfgField): string {
  const short = [field.short, field.otherShort].filter((letter) => letter !== undefined)
    .map((letter) => `\`-${letter}\`, `).join("");
  const value = field.placeholder === undefined ? "" : ` ${field.placeholder}`;
  return `${short}\`--${field.negatable ? "no-" : ""}${field.flag}${value}\``;
}

function defaultOf(field: CfgField): string {
  if (field.placeholder === undefined) return "off";
  return field.default === undefined ? field.defaultNote ?? "" : `\`${field.default}\``;
}

function rowOf(field: CfgField): string[] {
  const all = field.commands.length === Object.keys(COMMANDS).length;
  return [spell(field), defaultOf(field), all ? "all" : field.commands.join(", "), field.help];
}

async function optionRows(path: string): Promise<string[][]> {
  const [table] = tables(section(await readDocument(path), "options"));
  return table!.slice(1);
}

Deno.test("README.md lists every option as CFG_FIELDS has it", async () => {
  assertEquals(await optionRows("README.md"), CFG_FIELDS.map(rowOf));
});

Deno.test("README.zh-CN.md lists every option of CFG_FIELDS, with its default and commands, in Chinese", async () => {
  const rows = await optionRows("README.zh-CN.md");
  assertEquals(rows.map((row) => row[0]), CFG_FIELDS.map(spell));
  for (const [index, field] of CFG_FIELDS.entries()) {
    const [flag, byDefault, commands, help] = rows[index]!;
    const [, expectedDefault, expectedCommands] = rowOf(field);
    assertEquals(commands, expectedCommands, flag);
    if (expectedDefault!.startsWith("`")) assertEquals(byDefault, expectedDefault, flag);
    else assert(HAN.test(byDefault!), `the default of ${flag} must be in Chinese`);
    assert(HAN.test(help!), `the meaning of ${flag} must be in Chinese`);
  }
});

Deno.test("README.md and README.zh-CN.md list every command of COMMANDS and PAGES", async () => {
  const commands = [...WITHOUT_COMMAND, ...Object.values(COMMANDS), ...Object.values(PAGES)];
  const usages = commands.map(({ usage }) => usage);
  const helps = commands.map(({ help }) => help);
  const commandTable = async (path: string) =>
    tables(await readDocument(path)).find((table) => table[1]?.[0] === "`corehaul [CPU_THRESHOLD]`")!.slice(1);
  const english = await commandTable("README.md");
  assertEquals(english, usages.map((usage, index) => [`\`corehaul ${usage}\``, helps[index]!]));
  const chinese = await commandTable("README.zh-CN.md");
  assertEquals(chinese.map((row) => row[0]), english.map((row) => row[0]));
});
