import type { Completable, CompletionModel } from "./completion_model.ts";

/** What fish reads. */
export function fishCompletions({ commands, fallback, words, options }: CompletionModel): string {
  const names = commands.map(([name]) => name);
  const valued = options.filter(({ placeholder }) => placeholder !== undefined)
    .flatMap(({ flag, letters }) => [...letters.map((letter) => `-${letter}`), `--${flag}`]);
  const lines = commands.map(([name, help]) =>
    `complete -c corehaul -n '__corehaul_is none' -a ${name} -d ${quote(help)}`
  );
  for (const [name, value] of Object.entries(words)) {
    lines.push(`complete -c corehaul -n '__corehaul_is ${name}' ${complete(value)}`);
  }
  for (const { flag, letters, help, placeholder, value, commands } of options) {
    const where = [...commands, ...commands.includes(fallback) ? ["none"] : []].join(" ");
    const spelled = [...letters.map((letter) => `-s ${letter}`), `-l ${flag}`].join(" ");
    const behind = placeholder === undefined ? "" : value === undefined ? " -x" : ` -r ${complete(value)}`;
    lines.push(`complete -c corehaul -n '__corehaul_is ${where}' ${spelled}${behind} -d ${quote(help)}`);
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

function complete(value: Completable): string {
  if (value === "files") return "-F";
  return value === "folders" ? "-f -a '(__fish_complete_directories)'" : `-f -a ${quote(value.join(" "))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
