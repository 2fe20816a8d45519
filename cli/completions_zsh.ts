import type { Completable, CompletedOption, CompletionModel } from "./completion_model.ts";

/** What zsh reads: as a file in `fpath`, or by `source`. */
export function zshCompletions({ commands, fallback, words, options }: CompletionModel): string {
  const valued = options.filter(({ placeholder }) => placeholder !== undefined)
    .flatMap(({ flag, letters }) => [...letters.map((letter) => `-${letter}`), `--${flag}`]);
  return `#compdef corehaul
# Completions of corehaul for zsh.
_corehaul() {
  local curcontext=$curcontext state line command="" names spec i
  local -A opt_args
  local -a specs commands=(
${commands.map(([name, help]) => `    ${quote(`${name}:${help.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  # Each option, after the commands that take it.
  local -a all=(
${
    options.flatMap((option) =>
      specs(option).map((spec) => `    ${quote(` ${option.commands.join(" ")} `)} ${quote(spec)}`)
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

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
