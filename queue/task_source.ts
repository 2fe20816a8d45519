/** Enough that no two task files of a list ever share one, and little for each of a million tasks to carry. */
const LENGTH = 6;
const encoder = new TextEncoder();

/** Stands for a task file in the tasks that it brought: the beginning of the SHA-1 of its path, in base64. */
export async function taskSource(file: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", encoder.encode(file))).toBase64().slice(0, LENGTH);
}
