import { CfgError, parseTaskFilter, type TaskFilter } from "../mod.ts";

/** The filter of `--where`. */
export function readFilter(where: readonly string[]): TaskFilter {
  const parsed = parseTaskFilter(where);
  if (parsed.type === "filter") return parsed.filter;
  throw new CfgError([{ field: "where", source: "flag", message: `Cannot use --where as it ${parsed.message}` }]);
}
