import { CfgError, type CfgProblem } from "../config/cfg_error.ts";
import { columnsProblem, type TaskFileColumns } from "../queue/column_map.ts";

/** What is wrong with the options about columns; `undefined` if nothing is. */
export function columnsCfgProblem(columns: TaskFileColumns): CfgProblem | undefined {
  const problem = columnsProblem(columns);
  if (problem === undefined) return undefined;
  const flag = problem.field === "urlColumn" ? "--url-column" : "--columns";
  return { field: problem.field, source: "options", message: `Cannot use ${flag} as it ${problem.message}` };
}

/**
 * The columns of task files, as options name them.
 *
 * @throws {CfgError} If they are wrong.
 */
export function taskFileColumns({ urlColumn, columns }: TaskFileColumns): TaskFileColumns {
  const named = {
    ...(urlColumn === undefined ? {} : { urlColumn }),
    ...(columns === undefined ? {} : { columns }),
  };
  const problem = columnsCfgProblem(named);
  if (problem !== undefined) throw new CfgError([problem]);
  return named;
}
