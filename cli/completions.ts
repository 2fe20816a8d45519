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

const WRITERS: Readonly<Record<typeof SHELLS[number], (model: CompletionModel) => string>> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};

/**
 * The script that a shell reads to complete the command lines of corehaul. It says everything by itself: completing a word
 * starts no program.
 *
 * @param shell Which shell.
 * @returns The script, without a line break at its end.
 */
export function completionScript(shell: typeof SHELLS[number]): string {
  return WRITERS[shell](completionModel()).trimEnd();
}

/** Makes the model from the tables of commands and options. */
function completionModel(): CompletionModel {
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

/** What bash reads, from version 3.2 on. */
function bashCompletions({ commands, fallback, words, options }: CompletionModel): string {
  const names = commands.map(([name]) => name);
  const spell = (
    { flag, letters }: { flag: string; letters: readonly string[] },
  ) => [...letters.map((letter) => `-${letter}`), `--${flag}`];
  const valued = options.filter(({ placeholder }) => placeholder !== undefined);
  const known = valued.filter(({ value }) => value !== undefined);
  const flagsOf = (name: string) => options.filter((option) => option.commands.includes(name)).flatMap(spell).join(" ");
  return `# Completions of corehaul for bash.
_corehaul() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command="" words="" i
  local IFS=$' \\t\\n'
  COMPREPLY=()
  # bash makes three words of --dir=files.
  if [[ $cur == "=" ]]; then cur=""
  elif [[ $prev == "=" ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${valued.flatMap(spell).join("|")})
        if [[ \${COMP_WORDS[i + 1]} == "=" ]]; then ((i++)); fi
        ((i++)) ;;
      ${names.join("|")}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $prev in
${known.map((option) => `    ${spell(option).join("|")}) ${bashValue(option.value!)}; return ;;`).join("\n")}
    ${valued.filter(({ value }) => value === undefined).flatMap(spell).join("|")}) return ;;
  esac
  if [[ $cur == -* ]]; then
    case \${command:-${fallback}} in
${names.map((name) => `      ${name}) words="${flagsOf(name)}" ;;`).join("\n")}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return
  fi
  case $command in
    "") ${bashValue(names)} ;;
${Object.entries(words).map(([name, value]) => `    ${name}) ${bashValue(value)} ;;`).join("\n")}
  esac
}
complete -F _corehaul corehaul
`;
}

function bashValue(value: Completable): string {
  if (typeof value === "object") return `COMPREPLY=($(compgen -W "${value.join(" ")}" -- "$cur"))`;
  // Names of files may have spaces.
  return `compopt -o filenames 2> /dev/null; IFS=$'\\n'; COMPREPLY=($(compgen ${
    value === "files" ? "-f" : "-d"
  } -- "$cur"))`;
}

/** What zsh reads: as a file in `fpath`, or by `source`. */
function zshCompletions({ commands, fallback, words, options }: CompletionModel): string {
  const valued = options.filter(({ placeholder }) => placeholder !== undefined)
    .flatMap(({ flag, letters }) => [...letters.map((letter) => `-${letter}`), `--${flag}`]);
  return `#compdef corehaul
# Completions of corehaul for zsh.
_corehaul() {
  local curcontext=$curcontext state line command="" names spec i
  local -A opt_args
  local -a specs commands=(
${commands.map(([name, help]) => `    ${zshQuoted(`${name}:${help.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  # Each option, after the commands that take it.
  local -a all=(
${
    options.flatMap((option) =>
      specs(option).map((spec) => `    ${zshQuoted(` ${option.commands.join(" ")} `)} ${zshQuoted(spec)}`)
    ).join("\n")
  }
  )
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      (${valued.join("|")}) ((i++)) ;;
      (${commands.map(([name]) => name).join("|")}) command=$words[i]; break ;;
    esac
  done
  for names spec in $all; do
    if [[ $names == *" \${command:-${fallback}} "* ]]; then specs+=("$spec"); fi
  done
  _arguments -C -s -S $specs '*: :->words'
  if [[ $state == words ]]; then
    case $command in
      ("") _describe command commands ;;
${Object.entries(words).map(([name, value]) => `      (${name}) ${action(name, value)} ;;`).join("\n")}
    esac
  fi
}
if [[ $funcstack[1] == _corehaul ]]; then _corehaul "$@"; else compdef _corehaul corehaul; fi
`;
}

/** One text for each spelling: only those exclude each other. */
function specs({ flag, letters, help, placeholder, value, repeatable }: CompletedOption): string[] {
  const spellings = [...letters.map((letter) => `-${letter}`), `--${flag}`];
  const first = repeatable ? "*" : spellings.length > 1 ? `(${spellings.join(" ")})` : "";
  const text = `[${help.replaceAll(/[[\]\\]/g, "\\$&")}]`;
  return spellings.map((spelling) => {
    if (placeholder === undefined) return `${first}${spelling}${text}`;
    const sign = spelling.startsWith("--") ? "=" : "+";
    return `${first}${spelling}${sign}${text}:${placeholder.replaceAll(":", "\\:")}:${values(value)}`;
  });
}

function values(value: Completable | undefined): string {
  if (value === undefined) return " ";
  return value === "files" ? "_files" : value === "folders" ? "_files -/" : `(${value.join(" ")})`;
}

function action(name: string, value: Completable): string {
  if (value === "files") return "_files";
  return value === "folders" ? "_files -/" : `_values ${name} ${value.join(" ")}`;
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** What fish reads. */
function fishCompletions({ commands, fallback, words, options }: CompletionModel): string {
  const names = commands.map(([name]) => name);
  const valued = options.filter(({ placeholder }) => placeholder !== undefined)
    .flatMap(({ flag, letters }) => [...letters.map((letter) => `-${letter}`), `--${flag}`]);
  const lines = commands.map(([name, help]) =>
    `complete -c corehaul -n '__corehaul_is none' -a ${name} -d ${fishQuoted(help)}`
  );
  for (const [name, value] of Object.entries(words)) {
    lines.push(`complete -c corehaul -n '__corehaul_is ${name}' ${fishValue(value)}`);
  }
  for (const { flag, letters, help, placeholder, value, commands } of options) {
    const where = [...commands, ...commands.includes(fallback) ? ["none"] : []].join(" ");
    const spelled = [...letters.map((letter) => `-s ${letter}`), `-l ${flag}`].join(" ");
    const behind = placeholder === undefined ? "" : value === undefined ? " -x" : ` -r ${fishValue(value)}`;
    lines.push(`complete -c corehaul -n '__corehaul_is ${where}' ${spelled}${behind} -d ${fishQuoted(help)}`);
  }
  return `# Completions of corehaul for fish.
function __corehaul_is
    set -l command none
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
        else if contains -- $word ${valued.join(" ")}
            set skip yes
        else if contains -- $word ${names.join(" ")}
            set command $word
            break
        end
    end
    contains -- $command $argv
end
complete -c corehaul -f
${lines.join("\n")}
`;
}

function fishValue(value: Completable): string {
  if (value === "files") return "-F";
  return value === "folders" ? "-f -a '(__fish_complete_directories)'" : `-f -a ${fishQuoted(value.join(" "))}`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
