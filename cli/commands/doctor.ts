import { doctor, taskListOptions } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { tell, tellLine } from "../print.ts";

/** `corehaul doctor`: checks what this machine allows; with `--config`, tells where each option has its value from. */
export async function doctorCommand(context: CommandContext): Promise<number> {
  const { command, settings, logger } = context;
  if (command.showConfig) return (await import("../show_config.ts")).showConfig(context);
  const { queue, dir, cores, workers, concurrency, fix } = settings;
  const list = await taskListOptions(settings);
  const findings = await doctor({ queue, directory: dir, list, cores, workers, concurrency, fix });
  for (const { name, ok, detail } of findings) {
    if (settings.json) tell(JSON.stringify({ name, ok, detail }), logger);
    else tellLine(`${ok ? "ok " : "BAD"} ${name.padEnd(9)} ${detail}`, logger);
  }
  return findings.every((finding) => finding.ok) ? DONE : INCOMPLETE;
}
