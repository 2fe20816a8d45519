import { CFG_FIELDS, type CfgField } from "./cfg_fields.ts";
import { cfgSaid, type CfgTexts } from "./cfg_said.ts";

/** Where the value of an option comes from. */
export interface CfgOrigin {
  /** The option. */
  field: CfgField;
  /** Its values as texts, without secrets; absent: it has none. */
  values?: readonly string[];
  /** `default`, the name of a file, `environment` or `flag`. */
  source: string;
  /** The switch that implies it, as its source spells it. */
  by?: string;
}

/**
 * Tells of every option which value it has, and where that comes from.
 *
 * @param sources Where values come from.
 * @returns The options, in the order of the table.
 */
export function cfgOrigins(sources: CfgTexts): CfgOrigin[] {
  const origins = new Map(CFG_FIELDS.map((field): [CfgField, CfgOrigin] => [field, { field, source: "default" }]));
  for (const { field, raw, spelled, source, implied } of cfgSaid(sources, () => {})) {
    const texts = typeof raw === "string" ? [raw] : raw;
    const values = texts.map((text) => field.show?.(text) ?? text);
    origins.set(field, { field, values, source, ...(implied ? { by: spelled } : {}) });
  }
  return [...origins.values()];
}
