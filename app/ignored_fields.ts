/** As many names as a line has room for. */
const MOST_NAMES = 20;

/**
 * Says which names of a task file mean nothing to a task.
 *
 * @param names Fields, columns or options, as they stand in the file.
 */
export function ignoredFields(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `ignored, as no field of a task is meant: ${shown}${more}`;
}
