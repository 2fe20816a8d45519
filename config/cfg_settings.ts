import type { CFG_TABLE } from "./cfg_fields.ts";

type Table = typeof CFG_TABLE;

/** What one text becomes. */
type ValueOf<Row> = Row extends { kind: { parse(text: string): { value: infer T } | { must: string } } } ? T : never;
type SettingOf<Row> = Row extends { repeatable: true } ? readonly ValueOf<Row>[] : ValueOf<Row>;

/** The names of the options that have a default: their settings are always there. */
type Settled = {
  [Name in keyof Table]: Table[Name] extends { default: string } | { defaultFrom: unknown } ? Name : never;
}[keyof Table];

/**
 * Everything that can be set, checked and frozen: one property for each option of the table, which is absent if it has no
 * default and nobody said anything. Durations are in milliseconds.
 */
export type CfgSettings =
  & { readonly [Name in keyof Pick<Table, Settled>]: SettingOf<Table[Name]> }
  & { readonly [Name in keyof Pick<Table, Exclude<keyof Table, Settled>>]?: SettingOf<Table[Name]> };

/** What a program may give: of an option that may be repeated one value or several. */
type GivenOf<Row> = Row extends { kind: { optionOf(settings: infer _): infer V } } ? V
  : Row extends { kind: { option(setting: infer _): infer V } }
    ? Row extends { repeatable: true } ? V | readonly V[] : V
  : never;

/** What a program calls an option; never if it is for the command line alone. */
type NameOf<Row, Name> = Row extends { cliOnly: string } ? never : Row extends { option: infer Other } ? Other : Name;

/** The options of a program: those of the table that are not for the command line alone. */
export type CfgOptions = {
  -readonly [Name in keyof Table as NameOf<Table[Name], Name> & string]?: GivenOf<Table[Name]>;
};
