/**
 * Runs something while every KV database that is opened is changed first.
 *
 * @param change Changes a database that was just opened.
 * @param run What opens databases.
 * @returns What `run` returns; its databases stay changed.
 */
export async function withReplacedKv<T>(change: (kv: Deno.Kv) => void, run: () => Promise<T>): Promise<T> {
  const original = Object.getOwnPropertyDescriptor(Deno, "openKv")!;
  const { openKv } = Deno;
  const openChanged = async (path?: string) => {
    const kv = await openKv(path);
    change(kv);
    return kv;
  };
  Object.defineProperty(Deno, "openKv", { ...original, get: () => openChanged });
  try {
    return await run();
  } finally {
    Object.defineProperty(Deno, "openKv", original);
  }
}
