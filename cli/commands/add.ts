import { addEntries, CfgError, openTaskList, parseNameTemplate, readChecksumFile } from "../../mod.ts";
import { type CommandContext, DONE, INCOMPLETE } from "../command_context.ts";
import { readEntries } from "../read_entries.ts";
import { print } from "../terminal.ts";

/** `corehaul add`: puts tasks on the list, whether or not anything is running. */
export async function addCommand({ command, settings, logger }: CommandContext): Promise<number> {
  const entries = await readEntries(command, settings);
  const { queue, checksumFile, nameTemplate, startAt } = settings;
  const template = nameTemplate === undefined ? undefined : parseNameTemplate(nameTemplate);
  if (typeof template === "string") {
    const message = `Cannot use --name-template as it ${template}: current value is "${nameTemplate}"`;
    throw new CfgError([{ field: "nameTemplate", source: "flag", message }]);
  }
  const known = {
    ...(checksumFile === undefined ? {} : { checksums: await readChecksumFile(checksumFile) }),
    ...(nameTemplate === undefined ? {} : { nameTemplate }),
    ...(startAt === undefined ? {} : { notBefore: Date.parse(startAt) }),
  };
  await using list = await openTaskList(queue);
  const results = await addEntries(list, entries, known);
  const count = (type: string) => results.filter((result) => result.type === type).length;
  for (const [index, result] of results.entries()) {
    if (result.type === "refused") logger.error(`entry ${index} is not taken: ${result.field} ${result.reason}`);
  }
  if (settings.json) print(JSON.stringify({ type: "added", results }));
  else {
    const changed = count("changed") === 0 ? "" : `${count("changed")} changed, `;
    print(`${count("added")} added, ${changed}${count("duplicate")} known already, ${count("refused")} refused`);
  }
  return count("refused") > 0 ? INCOMPLETE : DONE;
}
