import { cfgOrigins } from "../config/cfg_resolve.ts";
import { cfgFileKey } from "../config/cfg_fields.ts";
import { type CommandContext, DONE } from "./command_context.ts";
import { tell, tellLine } from "./print.ts";

/** `corehaul doctor --config`: tells of every option which value it has, and where that comes from. */
export function showConfig({ places, sources, settings, logger }: CommandContext): number {
  const origins = cfgOrigins(sources);
  if (settings.json) {
    for (const { path, file } of places) tell(JSON.stringify({ file: path, read: file !== undefined }), logger);
    for (const { field, values, source, by } of origins) {
      const value = field.repeatable ? values : values?.[0];
      tell(
        JSON.stringify({ name: cfgFileKey(field), value: value ?? null, source, ...(by === undefined ? {} : { by }) }),
        logger,
      );
    }
    return DONE;
  }
  for (const { path, file } of places) tellLine(`${path}: ${file === undefined ? "not there" : "read"}`, logger);
  const rows = origins.map(({ field, values, source, by }) => [
    `--${field.flag}`,
    values?.join(", ") ?? field.defaultNote ?? "none",
    by === undefined ? source : `${source}, by ${by}`,
  ]);
  const width = (column: number, most: number) => Math.min(most, Math.max(...rows.map((row) => row[column]!.length)));
  const [flags, shown] = [width(0, 24), width(1, 40)];
  for (const [flag, value, source] of rows) {
    tellLine(`${flag!.padEnd(flags)}  ${value!.padEnd(shown)}  ${source}`, logger);
  }
  return DONE;
}
