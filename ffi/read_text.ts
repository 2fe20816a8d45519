/**
 * Tells whether a file may be read without asking: in a terminal Deno would stop and ask the user, and nothing in this
 * room is worth a question.
 */
export function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** Reads a file; `undefined` if it is missing or may not be read. Never asks for permission. */
export function readText(path: string): string | undefined {
  if (!mayRead(path)) return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
