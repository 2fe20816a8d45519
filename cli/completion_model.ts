import { CFG_FIELDS } from "../config/cfg_fields.ts";
import { COMMANDS, PAGES } from "./parse_command.ts";

/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** What can stand behind an option or a command. */
export type Completable = "files" | "folders" | readonly string[];

/** An option, as far as shells complete it. */
export interface CompletedOption {
  /** Its name, with `no-` before it if it switches something off. */
  flag: string;
  /** Its letters. */
  letters: readonly string[];
  /** What it does, in a few words. */
  help: string;
  /** What stands behind it in the help; absent for switches. */
  placeholder?: string;
  /** What its value can be, if that is known. */
  value?: Completable;
  /** It may be given several times. */
  repeatable: boolean;
  /** The commands that take it. */
  commands: readonly string[];
}

/** Everything that shells complete. */
export interface CompletionModel {
  /** The commands, and what they do. */
  commands: readonly (readonly [name: string, help: string])[];
  /** The command that is meant where none is named. */
  fallback: string;
  /** What stands behind a command, where that is known. */
  words: Readonly<Record<string, Completable>>;
  /** The options. */
  options: readonly CompletedOption[];
}

/** Makes the model from the tables of commands and options. */
export function completionModel(): CompletionModel {
  const all = [...Object.keys(COMMANDS), ...Object.keys(PAGES)];
  const own = { letters: [], repeatable: false, commands: [...Object.keys(COMMANDS)] };
  return {
    commands: [
      ...Object.entries({ ...COMMANDS, ...PAGES }).map(([name, { help }]) => [name, brief(help)] as const),
      ["help", "explain a command"],
    ],
    fallback: "run",
    words: { check: "files", collect: "folders", completions: SHELLS, help: [...Object.keys(COMMANDS), "all"] },
    options: [
      ...CFG_FIELDS.map(({ flag, short, otherShort, negatable, help, placeholder, kind, repeatable, commands }) => {
        const value = valueOf(placeholder, "choices" in kind ? kind.choices : undefined);
        return {
          flag: negatable ? `no-${flag}` : flag,
          letters: [short, otherShort].filter((letter) => letter !== undefined),
          help: brief(help),
          ...(placeholder === undefined ? {} : { placeholder }),
          ...(value === undefined ? {} : { value }),
          repeatable: repeatable ?? false,
          commands,
        };
      }),
      { ...own, flag: "config", help: "read options from this file", placeholder: "FILE", value: "files" },
      { ...own, flag: "help", letters: ["h"], help: "explain the command", commands: all },
      { ...own, flag: "version", letters: ["V"], help: "show the version", commands: all },
    ],
  };
}

function valueOf(placeholder: string | undefined, choices: readonly string[] | undefined): Completable | undefined {
  if (choices !== undefined) return choices;
  return placeholder === "FILE" ? "files" : placeholder === "DIR" ? "folders" : undefined;
}

/** A list of a shell has one line for each word. */
function brief(help: string): string {
  return help.split("; ")[0]!;
}
