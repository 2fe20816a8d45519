import { isAbsolute, join } from "@std/path";
import type { ParseError } from "jsonc-parser";
import { CfgError } from "../config/cfg_error.ts";
import type { CfgFile } from "../config/cfg_resolve.ts";

const NAME = "corehaul.jsonc";

/** A place where options may stand. */
export interface ConfigPlace {
  /** Its path. */
  path: string;
  /** What is there; absent: nothing that may be read. */
  file?: CfgFile;
}

/**
 * Reads the configuration file that was named, or else those that are found: that of the user, and the one in the working
 * folder, which wins.
 *
 * @param named The file of `--config`, if it was given.
 * @param env The environment.
 * @returns The places that were looked at, in an order in which later ones win.
 * @throws {CfgError} If a file cannot be read, or holds no JSON.
 */
export async function configFiles(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ConfigPlace[]> {
  if (named !== undefined) return [{ path: named, file: await readConfig(named, "--config", read(named, "--config")) }];
  const home = userFolder(env);
  const places = home === undefined ? [] : [{ path: join(home, "corehaul", NAME) }];
  return await Promise.all(
    [...places, { path: NAME, found: true }].map(async ({ path, ...found }): Promise<ConfigPlace> => {
      const text = readIfThere(path);
      return text === undefined ? { path } : { path, file: { ...await readConfig(path, path, text), ...found } };
    }),
  );
}

/** Where the files of the user's programs are. A path that is not absolute does not count, as the XDG standard has it. */
function userFolder({ XDG_CONFIG_HOME, HOME }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME)) return XDG_CONFIG_HOME;
  return HOME !== undefined && isAbsolute(HOME) ? join(HOME, ".config") : undefined;
}

/** What Deno may not read was not meant for it: nobody is asked for a permission for a file that may not be there. */
function readIfThere(path: string): string | undefined {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw wrong(path, path, error);
  }
}

function read(path: string, spelled: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw wrong(path, spelled, error);
  }
}

async function readConfig(name: string, spelled: string, text: string): Promise<CfgFile> {
  try {
    return { name, values: JSON.parse(text) };
  } catch {
    // It is wrong, or has comments. What the runtime says of it would quote what may be a secret.
  }
  const { parse, printParseErrorCode } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  const bare = text.replace(/^\ufeff/, "");
  const values: unknown = parse(bare, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first === undefined) return { name, values };
  const before = bare.slice(0, first.offset).split("\n");
  const what = printParseErrorCode(first.error).replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  throw wrong(name, spelled, `line ${before.length}, column ${before.at(-1)!.length + 1}: ${what}`);
}

function wrong(path: string, spelled: string, error: unknown): CfgError {
  const why = error instanceof Error ? error.message : String(error);
  const current = path === spelled ? "" : `: current value is "${path}"`;
  const message = `Cannot use ${spelled} as it must be a JSON file that can be read${current} (${why})`;
  return new CfgError([{ field: "config", source: spelled, message }]);
}
