/**
 * Writes `docs/code_tasks.schema.json`, the JSON Schema of a task file, from the schema that checks the entries
 * (`deno run -A tools/make_schema.ts [--check] [--file FILE]`). With `--check` nothing is written, and a file that is
 * missing or says something else makes the exit code 1.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { taskFileJsonSchema } from "../queue/task_entry_schema.ts";

/** Where the schema is kept. */
export const SCHEMA_FILE: URL = new URL("../docs/code_tasks.schema.json", import.meta.url);

/** The text of the schema file. */
export function schemaText(): string {
  return `${JSON.stringify(taskFileJsonSchema(), null, 2)}\n`;
}

/**
 * Tells whether a file holds the schema of today.
 *
 * @param file The path of the file.
 * @returns False if it holds anything else, or is missing.
 */
export async function schemaIsFresh(file: string): Promise<boolean> {
  try {
    // Git may check text out with the line breaks of the system.
    return (await Deno.readTextFile(file)).replaceAll("\r\n", "\n") === schemaText();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  const { check, file = fromFileUrl(SCHEMA_FILE) } = parseArgs(Deno.args, {
    string: ["file"],
    boolean: ["check"],
    unknown: (arg: string) => {
      console.error(`Cannot make the schema as the options must be --check and --file FILE: current value is ${arg}`);
      Deno.exit(2);
    },
  });
  if (check && !await schemaIsFresh(file)) {
    console.error(`schema: ${file} is not what queue/task_entry_schema.ts says; run deno task schema`);
    Deno.exit(1);
  }
  if (!check) await Deno.writeTextFile(file, schemaText());
  console.log(`schema: ${file} is ${check ? "up to date" : "written"}`);
}
