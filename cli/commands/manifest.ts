import { CfgError } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { showManifest } from "../show_manifest.ts";

/** `corehaul manifest`: tells where every finished file is from. */
export async function manifestCommand(context: CommandContext): Promise<number> {
  const { dir } = context.settings;
  const isFolder = await Deno.stat(dir).then((info) => info.isDirectory, () => false);
  if (!isFolder) {
    const message = `Cannot use --dir as it must be a folder that is there: current value is "${dir}"`;
    throw new CfgError([{ field: "dir", source: "flag", message }]);
  }
  return await showManifest(context) ? DONE : INCOMPLETE;
}
