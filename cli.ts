/**
 * The command line. What it does is in `cli/dispatch_command.ts`; here it is made sure that Deno runs with the flags that it
 * needs, before the rest of the program is loaded.
 *
 * @module
 */
import "./cli/hangup.ts";
import { reexec } from "./cli/reexec.ts";

/**
 * Runs the command line and ends the process with its exit code.
 *
 * @param argv The arguments. Default: those of the process.
 */
export async function main(argv: readonly string[] = Deno.args): Promise<void> {
  const code = await reexec(argv);
  if (code !== undefined) Deno.exit(code);
  const { dispatchCommand } = await import("./cli/dispatch_command.ts");
  Deno.exit(await dispatchCommand(argv));
}

if (import.meta.main) await main();
