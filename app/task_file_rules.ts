import { CfgError, type CfgProblem } from "../config/cfg_error.ts";
import { columnsProblem, type TaskFileColumns, type TaskFileRules } from "../queue/column_map.ts";

/** What is wrong with the options about columns; `undefined` if nothing is. */
export function columnsCfgProblem(columns: TaskFileColumns): CfgProblem | undefined {
  const problem = columnsProblem(columns);
  if (problem === undefined) return undefined;
  const flag = problem.field === "urlColumn" ? "--url-column" : "--columns";
  return { field: problem.field, source: "options", message: `Cannot use ${flag} as it ${problem.message}` };
}

/**
 * What options say of task files, and nothing else that they say.
 *
 * @throws {CfgError} If what they say of columns is wrong.
 */
export function taskFileRules({ urlColumn, columns, directory }: TaskFileRules): TaskFileRules {
  const named = {
    ...(urlColumn === undefined ? {} : { urlColumn }),
    ...(columns === undefined ? {} : { columns }),
    ...(directory === undefined ? {} : { directory }),
  };
  const problem = columnsCfgProblem(named);
  if (problem !== undefined) throw new CfgError([problem]);
  return named;
}
