/**
 * Kills the children of a process, and theirs, by their own numbers; the process itself goes on.
 *
 * @param pid The process.
 */
export async function endChildren(pid: number): Promise<void> {
  for (const child of await childrenOf(pid)) {
    await endChildren(child);
    try {
      Deno.kill(child, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  return text.split(" ").filter((each) => each !== "").map(Number);
}
