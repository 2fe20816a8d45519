import type { Completable, CompletionModel } from "./completion_model.ts";

/** What bash reads, from version 3.2 on. */
export function bashCompletions({ commands, fallback, words, options }: CompletionModel): string {
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
${known.map((option) => `    ${spell(option).join("|")}) ${complete(option.value!)}; return ;;`).join("\n")}
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
    "") ${complete(names)} ;;
${Object.entries(words).map(([name, value]) => `    ${name}) ${complete(value)} ;;`).join("\n")}
  esac
}
complete -F _corehaul corehaul
`;
}

function complete(value: Completable): string {
  if (typeof value === "object") return `COMPREPLY=($(compgen -W "${value.join(" ")}" -- "$cur"))`;
  // Names of files may have spaces.
  return `compopt -o filenames 2> /dev/null; IFS=$'\\n'; COMPREPLY=($(compgen ${
    value === "files" ? "-f" : "-d"
  } -- "$cur"))`;
}
