import { assert, assertEquals } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { CFG_FIELDS, cfgEnvName } from "../../config/cfg_fields.ts";

/** Where they are. */
export const DEPLOY: URL = new URL("../../deploy/", import.meta.url);

/** What was parsed has no type until its schema has been asked. */
// deno-lint-ignore no-explicit-any -- see above
export type Parsed = any;

/** The documents of all files for Kubernetes, by the path of their file. */
export async function kubernetesFiles(): Promise<Map<string, Parsed[]>> {
  const files = new Map<string, Parsed[]>();
  for (const folder of ["", "own-volumes/", "scale/"]) {
    for await (const { name, isFile } of Deno.readDir(new URL(`kubernetes/${folder}`, DEPLOY))) {
      if (!isFile) continue;
      const text = await Deno.readTextFile(new URL(`kubernetes/${folder}${name}`, DEPLOY));
      const documents = parseAllDocuments(text);
      for (const { errors, warnings } of documents) assertEquals([errors, warnings], [[], []], name);
      files.set(`${folder}${name}`, documents.map((document) => document.toJS()));
    }
  }
  return files;
}

/** The text of the Dockerfile. */
export function dockerfile(): Promise<string> {
  return Deno.readTextFile(new URL("Dockerfile", DEPLOY));
}

/** The commands that a Dockerfile names: what it starts with, and what tells its health. */
export function dockerCommands(text: string): { entrypoint: string[]; health: string[] } {
  const [, entrypoint] = /^ENTRYPOINT (\[.*\])$/m.exec(text)!;
  const [, health] = /^HEALTHCHECK[^\n]*\\\n +CMD (\[.*\])$/m.exec(text)!;
  return { entrypoint: JSON.parse(entrypoint!), health: JSON.parse(health!) };
}

/** Every variable of ours must be one, and must have a value that it takes. */
export function assertSettings(env: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("CFG_")) continue;
    const field = CFG_FIELDS.find((field) => cfgEnvName(field) === name);
    assert(field !== undefined, `${name} is no setting`);
    assert("value" in field.kind.parse(value!.replace(/\$\(\w+\)/g, "secret")), `${name}=${value}`);
  }
}
