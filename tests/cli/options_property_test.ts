/** Every option of the table means the same wherever it is set: by a flag, a variable, the file, or a program. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type DownloaderOptions, settingsFromOptions } from "../../app/downloader_options.ts";
import { COMMANDS, parseCommand } from "../../cli/parse_command.ts";
import { CfgError } from "../../config/cfg_error.ts";
import { CFG_FIELDS, type CfgCommand, cfgEnvName, type CfgField, cfgFileKey } from "../../config/cfg_fields.ts";
import { cfgOptionName, cfgOptionsOf } from "../../config/cfg_options.ts";
import { cfgResolve, type CfgSources } from "../../config/cfg_resolve.ts";
import type { CfgSettings } from "../../config/cfg_settings.ts";
import * as mod from "../../mod.ts";
import { PROJECT_ROOT } from "../support/corehaul.ts";

/** There are many options, and few ways for one to go wrong. */
const RUNS = { numRuns: 30 };

const number = fc.oneof(fc.nat(20), fc.nat(1000));
/** A variable has one value a line, and a NUL ends texts of the system. */
const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((value) => !/[\0\r\n]/.test(value));
const host = fc.constantFrom("a.test", "127.0.0.1", "[::1]");

/** Values by what stands behind the flag in the help, or by the flag where others have the same there. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  FILE: text,
  DIR: text,
  NAME: text,
  TEXT: text,
  CMD: text,
  N: number.map(String),
  R: fc.tuple(number, fc.nat(999)).map(([whole, thousandths]) => `${whole}.${String(thousandths).padStart(3, "0")}`),
  D: fc.tuple(number, fc.constantFrom("", "ms", "s", "m", "h", "d", ".5s")).map((parts) => parts.join("")),
  SIZE: fc.tuple(number, fc.constantFrom("", "K", "m", "GiB", ".5M")).map((parts) => parts.join("")),
  "K/N": fc.tuple(number, number).map(([k, n]) => `${k}/${k + n}`),
  TIME: fc.date({ min: new Date(0), max: new Date("9999-01-01"), noInvalidDate: true }).map((at) => at.toISOString()),
  "FROM-TO": fc.tuple(fc.nat(11), fc.integer({ min: 12, max: 23 })).map(([from, to]) => `${from}:00-${to}:30`),
  URL: host.map((name) => `https://${name}/a`),
  "HOST:PORT": fc.tuple(host, fc.integer({ min: 1, max: 65_535 })).map((parts) => parts.join(":")),
  HEADER: fc.tuple(fc.constantFrom("X-A", "x-a", "Cookie", "B"), text).map((parts) => parts.join(": ")),
  "SCHEME:=MODULE": fc.constantFrom("mem:=./mem.ts", "mem:=npm:mem", "ipfs:=https://a.test/ipfs.ts"),
  "FIELD=NAME,…": fc.uniqueArray(fc.constantFrom("out=a", "checksum=b, c", "header:X-A=d=e"), { minLength: 1 })
    .map((columns) => columns.join(",")),
  "KEY=VALUE": fc.tuple(fc.constantFrom("host", "url"), text).map((parts) => parts.join("=")),
  "ALGO:DIGEST": fc.constantFrom("md5:d41d8cd98f00b204e9800998ecf8427e"),
  ALGO: fc.constantFrom("md5", "sha256", "SHA-512", "sha2-384"),
  namespace: fc.stringMatching(/^[\w.-]{1,64}$/),
  queue: fc.constantFrom("kv:a.db", "redis://a.test:1/2", "https://a.test/kv"),
  // A lease lasts for three heartbeats at least, so both values fit the default of the other.
  lease: fc.constantFrom("15", "30s", "1h"),
  heartbeat: fc.constantFrom("0.5", "2", "5000ms"),
  proxy: fc.constantFrom("http://a.test:1", "socks5://me:secret@a.test"),
  cores: fc.uniqueArray(fc.nat(63), { minLength: 1 }).map((cores) => cores.join(",")),
  "retry-on": fc.constantFrom("429", "408,5xx", "500-504, 404"),
  "expect-type": fc.constantFrom("auto", "image/*,application/zip"),
  "name-template": fc.constantFrom("{name}", "{host}/{path}/{name}"),
};

function valuesOf({ kind, placeholder, flag }: CfgField): fc.Arbitrary<string> {
  if (placeholder === undefined) return fc.constantFrom("true", "false", "yes", "no", "1", "0");
  if ("choices" in kind && kind.choices !== undefined) return fc.constantFrom(...kind.choices);
  const values = VALUES[flag] ?? VALUES[placeholder];
  assert(values !== undefined, `${placeholder} of --${flag} needs a line in the table of this test`);
  return values;
}

/** What an option is set to: one text, or several if it may be repeated; all of them are ones that it takes. */
function samples(field: CfgField): fc.Arbitrary<string[]> {
  const fits = (each: string) => "value" in field.kind.parse(each);
  const values = valuesOf(field);
  assert(fc.sample(values, 1000).some(fits), `--${field.flag} takes none of the values of this test`);
  return fc.array(values.filter(fits), { minLength: 1, maxLength: field.repeatable ? 3 : 1 });
}

/** What switches set beside themselves. */
function implied(field: CfgField, texts: readonly string[] | undefined): Record<string, string> {
  const isOn = texts !== undefined && ["true", "yes", "1"].includes(texts[0]!);
  return isOn ? field.implies ?? {} : {};
}

const raw = ({ repeatable }: CfgField, texts: string[]) => repeatable ? texts : texts[0]!;

/** The flags of a command line with an option on it. */
function typed(field: CfgField, command: CfgCommand, texts: string[]): CfgSources["flags"] {
  return parseCommand([command, ...texts.map((each) => `--${field.flag}=${each}`)]).flags;
}

/** The settings without one of them. */
function others(settings: CfgSettings, name: keyof CfgSettings): Partial<CfgSettings> {
  const { [name]: _, ...rest } = settings;
  return rest;
}

for (const field of CFG_FIELDS) {
  const { name, kind } = field;
  const option = cfgOptionName(field);
  Deno.test(`cfgResolve takes --${field.flag} from a flag, a variable, the file and a program alike`, () => {
    fc.assert(
      fc.property(samples(field), fc.constantFrom(...field.commands), (texts, command) => {
        const values = texts.map((each) => {
          const parsed = kind.parse(each);
          return "value" in parsed ? parsed.value : undefined;
        });
        const expected = field.repeatable ? values : values[0];
        const sources: CfgSources[] = [
          { flags: typed(field, command, texts)! },
          { env: { [cfgEnvName(field)]: texts.join("\n") } },
          { file: { name: "c.json", values: { [cfgFileKey(field)]: raw(field, texts) } } },
          { file: { name: "c.json", values: { [cfgFileKey(field)]: raw(field, texts.map(asJson) as string[]) } } },
        ];
        for (const source of sources.slice(0, field.repeatable ? 3 : 4)) {
          const settings = cfgResolve(source);
          assertEquals(settings[name], expected);
          assertEquals(others(settings, name), others(cfgResolve({ flags: implied(field, texts) }), name));
        }
        if (option === undefined) return;
        const given = cfgOptionsOf(cfgResolve(sources[0]), command) as Record<string, unknown>;
        const settings = settingsFromOptions({ [option]: given[option] });
        if ("optionOf" in kind) assertEquals(kind.optionOf(settings[name] as unknown[]), given[option]);
        else assertEquals(settings[name], expected);
        assertEquals(others(settings, name), others(settingsFromOptions({}), name));
      }),
      RUNS,
    );
  });

  Deno.test(`settingsFromOptions refuses what --${field.flag} cannot be, and says so`, () => {
    const refusal = (options: object) => assertThrows(() => settingsFromOptions(options), CfgError).message;
    if (option === undefined) {
      const use = `Cannot use ${name} as it is an option of the command line alone: use ${field.cliOnly}`;
      assertEquals(refusal({ [name]: true }), use);
      const called = /^(\w+)\(/.exec(field.cliOnly!)?.[1];
      if (called !== undefined) assert(called in mod || called in mod.Downloader.prototype, called);
      return;
    }
    assertEquals(settingsFromOptions({ [option]: undefined }), settingsFromOptions({}));
    for (const wrong of [null, NaN, 1n, Symbol("a"), () => {}, new Map([["a", "b"]]), new Headers({ a: "b" })]) {
      assertStringIncludes(refusal({ [option]: wrong }), `Cannot use ${option} as it must `);
    }
    fc.assert(
      fc.property(samples(field), ([sample]) => {
        const parsed = kind.parse(sample!);
        // The text of a number or a switch is for flags.
        if (!("value" in parsed) || !["number", "boolean"].includes(typeof parsed.value)) return;
        assertStringIncludes(refusal({ [option]: String(parsed.value) }), `Cannot use ${option} as it must `);
      }),
      RUNS,
    );
    for (const other of [field.name, field.flag, camelCase(field.flag)]) {
      if (other === option) continue;
      const use = `Cannot use ${other} as it is not an option of a downloader: use ${option}`;
      assertEquals(refusal({ [other]: true }), use);
    }
  });
}

function asJson(value: string): unknown {
  return String(Number(value)) === value
    ? Number(value)
    : value === "true" || value === "false"
    ? value === "true"
    : value;
}

function camelCase(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

Deno.test("cfgResolve lets later sources win, option by option: defaults, the file, variables, flags, a program", () => {
  /** What each of the sources says of each option; most say nothing. */
  const said = fc.tuple(...CFG_FIELDS.map((field) => {
    // What a switch implies is in a test of its own.
    const perhaps = field.implies === undefined
      ? fc.option(samples(field), { nil: undefined })
      : fc.constant(undefined);
    return fc.tuple(perhaps, perhaps, perhaps, perhaps);
  }));
  const resolve = (sources: CfgSources) => cfgResolve(sources) as unknown as Record<string, unknown>;
  fc.assert(
    fc.property(said, (all) => {
      const [file, env, flags, options]: Record<string, unknown>[] = [{}, {}, {}, {}];
      const expected = { ...resolve({}) };
      for (const [index, field] of CFG_FIELDS.entries()) {
        const [byFile, byEnv, byFlag, byProgram] = all[index]!;
        const option = cfgOptionName(field);
        if (byFile !== undefined) file![cfgFileKey(field)] = raw(field, byFile);
        if (byEnv !== undefined) env![cfgEnvName(field)] = byEnv.join("\n");
        if (byFlag !== undefined) flags![field.flag] = raw(field, byFlag);
        const texts = byFlag ?? byEnv ?? byFile;
        if (texts !== undefined) {
          expected[field.name] = resolve({ flags: { [field.flag]: raw(field, texts) } })[field.name];
        }
        if (byProgram === undefined || option === undefined) continue;
        const settings = cfgResolve({ flags: { [field.flag]: raw(field, byProgram) } });
        options![option] = (cfgOptionsOf(settings, field.commands[0]!) as Record<string, unknown>)[option];
        expected[field.name] = resolve({ options: { [option]: options![option] } })[field.name];
      }
      const sources = { file: { name: "c.json", values: file }, env, flags, options } as CfgSources;
      assertEquals(resolve(sources), expected);
    }),
    RUNS,
  );
});

Deno.test("cfgOptionsOf gives a command what its table has for it, and nothing else", () => {
  for (const command of Object.keys(COMMANDS) as CfgCommand[]) {
    const flags = Object.fromEntries(
      CFG_FIELDS.map((field) => {
        // Those that imply something may exclude each other.
        const some = field.implies === undefined ? samples(field) : fc.constant<string[]>(["false"]);
        return [field.flag, fc.sample(some, { numRuns: 1, seed: 1 })[0]!];
      }),
    );
    const single = Object.fromEntries(CFG_FIELDS.map((field) => [field.flag, raw(field, flags[field.flag]!)]));
    const names = CFG_FIELDS.filter(({ commands }) => commands.includes(command)).map(cfgOptionName)
      .filter((name) => name !== undefined);
    assertEquals(Object.keys(cfgOptionsOf(cfgResolve({ flags: single }), command)), names);
  }
});

Deno.test("DownloaderOptions names the defaults that a downloader has", async () => {
  const source = await Deno.readTextFile(new URL("app/downloader_options.ts", PROJECT_ROOT));
  const settings = settingsFromOptions({});
  for (const field of CFG_FIELDS) {
    const option = cfgOptionName(field);
    const value: unknown = settings[field.name];
    // Without the option no task file is read, whatever the setting says.
    if (option === undefined || value === undefined || option === "tasks" satisfies keyof DownloaderOptions) continue;
    const doc = new RegExp(`/\\*\\*((?:(?!\\*/).)*)\\*/\\s*${option}\\?:`, "s").exec(source)?.[1];
    assert(doc !== undefined, `${option} is not documented`);
    const named = /\bDefault `?("[^"]*"|[\w.,]+?)`?(?=[.:])/.exec(doc)?.[1];
    assertEquals(typeof value === "number" ? named?.replaceAll(",", "") : named, JSON.stringify(value), option);
  }
});
