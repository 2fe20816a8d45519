import { doctor, taskListOptions } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { print, printLine } from "../terminal.ts";

/** `corehaul doctor`: checks what this machine allows. */
export async function doctorCommand({ settings }: CommandContext): Promise<number> {
  const { queue, dir, cores, workers } = settings;
  const findings = await doctor({ queue, directory: dir, list: await taskListOptions(settings), cores, workers });
  for (const { name, ok, detail } of findings) {
    if (settings.json) print(JSON.stringify({ name, ok, detail }));
    else printLine(`${ok ? "ok " : "BAD"} ${name.padEnd(9)} ${detail}`);
  }
  return findings.every((finding) => finding.ok) ? DONE : INCOMPLETE;
}
