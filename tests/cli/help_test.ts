import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMAND_EXAMPLES, FIRST_EXAMPLES } from "../../cli/command_examples.ts";
import { helpText } from "../../cli/help.ts";
import { COMMANDS, PAGES, parseCommand } from "../../cli/parse_command.ts";
import { CFG_GROUPS } from "../../config/cfg_field.ts";
import { CFG_FIELDS, type CfgCommand, type CfgField } from "../../config/cfg_fields.ts";

const TOPICS = Object.keys(COMMANDS) as CfgCommand[];

/** The options that a help shows, in its order, by a line that begins with their names. */
function shownIn(text: string): string[] {
  return [...text.matchAll(/^ {2}(?: {4}|(?:-[a-z], )+)--(?!(?:config|help|version)\b)([\w-]+)/gim)].map(([, flag]) =>
    flag!
  );
}

function flagOf({ flag, negatable }: CfgField): string {
  return negatable ? `no-${flag}` : flag;
}

Deno.test("helpText has at most 60 lines of 80 columns for each command, and for all of them", () => {
  for (const topic of [undefined, ...TOPICS]) {
    const lines = helpText(topic === undefined ? {} : { topic }).split("\n");
    assert(lines.length <= 60, `${lines.length} lines about ${topic}`);
    for (const line of lines) assert([...line].length <= 80, line);
  }
});

Deno.test("helpText shows examples before options, in groups, and all options of a command that has few", () => {
  for (const topic of TOPICS) {
    const text = helpText({ topic });
    const own = CFG_FIELDS.filter(({ commands }) => commands.includes(topic));
    const shown = shownIn(text);
    for (const field of own.filter(({ common }) => common)) {
      assert(shown.includes(flagOf(field)), `${topic} ${field.flag}`);
    }
    const hidden = /\((\d+) more\)/.exec(text)?.[1];
    assertEquals(shown.length + Number(hidden ?? 0), own.length, topic);
    if (own.length < 18) assertEquals(hidden, undefined, topic);
    assertMatch(text, new RegExp(`^Usage: corehaul ${RegExp.escape(COMMANDS[topic].usage)}\n(?:.+\n)+\nExamples:\n`));
    const titles = [...text.matchAll(/^([A-Z].*):$/gm)].map(([, title]) => title!);
    const expected = Object.entries(CFG_GROUPS)
      .filter(([group]) => own.some((field) => field.group === group && shown.includes(flagOf(field))))
      .map(([, title]) => title);
    assertEquals(titles, ["Examples", ...expected]);
  }
});

Deno.test("helpText shows every option, its default and its commands where all of them are wanted", () => {
  for (const topic of [undefined, ...TOPICS]) {
    const text = helpText({ all: true, width: 1000, ...(topic === undefined ? {} : { topic }) });
    const own = CFG_FIELDS.filter(({ commands }) => topic === undefined || commands.includes(topic));
    assertEquals(shownIn(text).sort(), own.map(flagOf).sort());
    for (const field of own) {
      const { placeholder, short, help, defaultNote, commands } = field;
      const spelled = `--${flagOf(field)}${placeholder === undefined ? "" : ` ${placeholder}`}`;
      const letters = short === undefined ? " {4}" : `-${short}, (?:-., )?`;
      const line = new RegExp(`^ {2}${letters}${RegExp.escape(spelled)}\\s+(${RegExp.escape(help)}.*)$`, "m").exec(text)
        ?.[1];
      assert(line !== undefined, `${topic} ${spelled}`);
      const value = defaultNote ?? field.default;
      if (placeholder !== undefined && value !== "none") assert(line.includes(` (default: ${value})`), line);
      const scope = commands.length === TOPICS.length ? "all" : commands.join(", ");
      assertEquals(line.endsWith(` [${scope}]`), topic === undefined, line);
    }
  }
});

Deno.test("helpText fits into every terminal, lines to type aside", () => {
  for (const width of [40, 63, 64, 100]) {
    for (const topic of [undefined, ...TOPICS]) {
      const text = helpText({ width, all: true, ...(topic === undefined ? {} : { topic }) });
      for (const line of text.split("\n")) {
        assert(
          [...line].length <= width || /^ {2}(corehaul|generate-urls|\S+ \[|-?\S+$)/.test(line),
          `${width}: ${line}`,
        );
      }
    }
  }
});

Deno.test("helpText has only examples that can be typed, each of the command that it is about", () => {
  const examples = [...FIRST_EXAMPLES.map((example) => [undefined, example] as const)];
  for (const [topic, own] of Object.entries(COMMAND_EXAMPLES)) {
    assert(own.length > 0);
    for (const example of own) examples.push([topic as never, example]);
  }
  for (const [topic, [line]] of examples) {
    const words = line.replace(/^generate-urls \| /, "").replaceAll("'", "").split(" ");
    assertEquals(words[0], "corehaul");
    const { name } = parseCommand(words.slice(1));
    if (topic !== undefined) assertEquals(name, topic, line);
  }
});

Deno.test("helpText names every command once", () => {
  const text = helpText();
  for (const { usage } of [...Object.values(COMMANDS), ...Object.values(PAGES)]) {
    assertEquals(
      text.split("\n").filter((line) => new RegExp(`^ {2}${RegExp.escape(usage)}(  |$)`).test(line)).length,
      1,
      usage,
    );
  }
});
