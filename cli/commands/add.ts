import {
  addEntries,
  type AddResult,
  CfgError,
  ChecksumCount,
  checksumCountText,
  parseNameTemplate,
  readChecksums,
} from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { inLang } from "../in_lang.ts";
import { openList } from "../open_list.ts";
import { readEntries } from "../read_entries.ts";
import { downloaderOptions } from "../settle_settings.ts";
import { tell } from "../print.ts";

/** `corehaul add`: puts tasks on the list, whether or not anything is running. */
export async function addCommand(context: CommandContext): Promise<number> {
  const { command, settings, logger } = context;
  const { nameTemplate, shard, startAt } = settings;
  const template = nameTemplate === undefined ? undefined : parseNameTemplate(nameTemplate);
  if (typeof template === "string") {
    const message = `Cannot use --name-template as it ${template}: current value is "${nameTemplate}"`;
    throw new CfgError([{ field: "nameTemplate", source: "flag", message }]);
  }
  const checksums = await readChecksums(settings, logger);
  const count = new ChecksumCount();
  const known = {
    count,
    ...(checksums === undefined ? {} : { checksums }),
    ...(nameTemplate === undefined ? {} : { nameTemplate }),
    ...(startAt === undefined ? {} : { notBefore: Date.parse(startAt) }),
    ...(shard === undefined ? {} : { shard }),
    folders: downloaderOptions(context, "get"),
  };
  const batches = readEntries(command, settings, logger);
  // What is wrong with the command line or the file is said before anything is made.
  let batch = await batches.next();
  await using list = await openList(settings, logger, true);
  const counts: Record<AddResult["type"], number> = { added: 0, changed: 0, duplicate: 0, refused: 0 };
  try {
    for (; !batch.done; batch = await batches.next()) {
      const { first, entries } = batch.value;
      const results = await addEntries(list, entries, known);
      for (const [index, result] of results.entries()) {
        counts[result.type]++;
        if (result.type !== "refused") continue;
        // With a folder among them, results and entries go different ways.
        const entry = results.length === entries.length ? `entry ${first + index}` : "an entry";
        logger.error(`${entry} is not taken: ${result.field} ${result.reason}`);
      }
      if (settings.json) await tell(JSON.stringify({ type: "added", results }), logger);
    }
  } finally {
    // Standard input can turn out to be wrong when much of it is on the list.
    const changed = counts.changed === 0 ? "" : `${counts.changed} changed, `;
    const { added, duplicate, refused } = counts;
    if (checksums !== undefined && count.files > 0) logger[count.found > 0 ? "info" : "warn"](checksumCountText(count));
    const said = `${added} added, ${changed}${duplicate} known already, ${refused} refused`;
    if (!settings.json && !settings.quiet) tell(await inLang(said, settings.lang), logger);
  }
  return counts.refused > 0 ? INCOMPLETE : DONE;
}
