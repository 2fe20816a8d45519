/** What is printed of the command itself: completions in real shells, and the manual page. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMANDS, PAGES } from "../../cli/parse_command.ts";
import { CFG_FIELDS } from "../../config/cfg_fields.ts";
import { assertCode, corehaul, shareCommandProcesses } from "../support/corehaul.ts";
import { TempDir } from "../support/temp_dir.ts";

/** What is typed, and what then can be meant; a word alone stands for all that begin with it. */
const LINES: readonly (readonly [line: string, expected: string[]])[] = [
  ["corehaul ge", ["get"]],
  ["corehaul p", ["pause", "priority"]],
  ["corehaul get --retr", ["--retries", "--retry-on", "--retry-wait"]],
  ["corehaul get -q --no-p", ["--no-pin"]],
  ["corehaul --tas", ["--tasks"]],
  ["corehaul get --tas", []],
  ["corehaul list --status p", ["paused"]],
  ["corehaul get --lang ", ["en", "zh"]],
  ["corehaul get -i ur", ["urls.txt"]],
  ["corehaul get -P p", ["photos"]],
  ["corehaul get --dir=p", ["photos"]],
  ["corehaul get --config u", ["urls.txt"]],
  ["corehaul get --retries p", []],
  ["corehaul check ur", ["urls.txt"]],
  ["corehaul collect p", ["photos"]],
  ["corehaul --namespace list --queue-c", ["--queue-ca", "--queue-cert"]],
  ["corehaul completions ", ["bash", "fish", "zsh"]],
  ["corehaul help prio", ["priority"]],
];

/** Runs in each shell, with the script as `$1` and the lines behind it; prints each line, and below it what can be meant. */
const ASKING = {
  bash: `
    source "$1"
    for line in "\${@:2}"; do
      echo "LINE $line"
      # As bash splits it: a = is a word of its own, and behind a space there is an empty one.
      read -ra COMP_WORDS <<< "\${line//=/ = }"
      [[ $line == *" " ]] && COMP_WORDS+=("")
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _corehaul 2> /dev/null
      printf '%s\\n' "\${COMPREPLY[@]}"
    done`,
  fish: `
    source $argv[1]
    for line in $argv[2..]
      echo "LINE $line"
      complete -C "$line"
    end`,
  // zsh completes only at a terminal.
  zsh: `
    zmodload zsh/zpty
    zpty asked zsh -f -i
    zpty -w asked "source '$HOME/setup.zsh' '$1'"
    while zpty -r asked said && [[ $said != READY* ]]; do; done
    for line in "\${@[2,-1]}"; do
      print -r -- "LINE $line"
        zpty -w -n asked "$line"$'\\t'
      while zpty -r asked said; do
        said=\${said%%$'\\r'*}
        [[ $said == *END* ]] && break
        [[ $said == *"HIT "* ]] && print -r -- \${said##*HIT }
      done
    done
    zpty -d asked`,
};

const ZSH_SETUP = `
PROMPT=
autoload -Uz compinit; compinit -D -u
source $1
zstyle ':completion:*' insert-tab false
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits
  builtin compadd -A hits "$@"
  print; print -rl -- "HIT "\${^hits}
  builtin compadd "$@"
}
finish() { print; print END }
ask() { comppostfuncs=(finish); zle complete-word; zle kill-whole-line }
zle -N ask
bindkey '^I' ask
print READY
`;

/** What the shell printed, by line: each word once, without its description, the option before it and the / of a folder. */
function answers(stdout: string): string[][] {
  return stdout.split(/^LINE .*$/m).slice(1).map((block) => {
    const words = block.split("\n").map((word) => word.split("\t")[0]!.replace(/^--dir=/, "").replace(/\/$/, ""));
    return [...new Set(words.filter((word) => word !== ""))].sort();
  });
}

shareCommandProcesses();

for (const [shell, script] of Object.entries(ASKING)) {
  Deno.test(`corehaul completions ${shell} completes commands, options and values in ${shell} itself`, async () => {
    await using home = await TempDir.create();
    const printed = await corehaul(["completions", shell], { cwd: home.path });
    assertCode(printed, 0);
    await home.write("completions", printed.stdout);
    await home.write("setup.zsh", ZSH_SETUP);
    await home.write("work/urls.txt", "");
    await home.write("work/photos/a.jpg", "");
    const args = shell === "zsh"
      ? ["-f", "-c", script, shell]
      : shell === "bash"
      ? ["--norc", "-c", script, shell]
      : ["-c", script];
    const { code, stdout, stderr } = await new Deno.Command(shell, {
      args: [...args, home.join("completions"), ...LINES.map(([line]) => line)],
      cwd: home.join("work"),
      env: { HOME: home.path, XDG_CONFIG_HOME: home.path, XDG_DATA_HOME: home.path, XDG_CACHE_HOME: home.path },
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stderr);
    assertEquals([code, said], [0, ""]);
    const given: string[][] = answers(new TextDecoder().decode(stdout));
    assertEquals(Object.fromEntries(LINES.map(([line], i) => [line, given[i]!])), Object.fromEntries(LINES));
  });
}

Deno.test("corehaul man prints a manual page without a fault, with every command and option", async () => {
  await using home = await TempDir.create();
  const printed = await corehaul(["man"], { cwd: home.path });
  assertCode(printed, 0);
  const groff = new Deno.Command("groff", {
    args: ["-man", "-ww", "-Tascii", "-P-cbou"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  })
    .spawn();
  const writer = groff.stdin.getWriter();
  const [{ stdout, stderr }] = await Promise.all([
    groff.output(),
    writer.write(new TextEncoder().encode(printed.stdout)).then(() => writer.close()),
  ]);
  assertEquals(new TextDecoder().decode(stderr), "");
  const page = new TextDecoder().decode(stdout);
  for (const name of [...Object.keys(COMMANDS), ...Object.keys(PAGES)]) {
    assertMatch(page, new RegExp(`^ +corehaul ${name}\\b`, "m"));
  }
  const options = page.slice(page.indexOf("\nOPTIONS\n"));
  for (const { flag, negatable, placeholder, help } of CFG_FIELDS) {
    const spelled = `--${negatable ? "no-" : ""}${flag}${
      placeholder === undefined ? "" : ` ${placeholder.replace("…", "...")}`
    }`;
    assertMatch(options, new RegExp(`^ +(-., )*${RegExp.escape(spelled)}( |$)`, "m"));
    // Lines are broken and justified.
    const words = (text: string) => text.replaceAll(/\s+/g, " ");
    assert(words(options).includes(words(help.replaceAll("…", "..."))), flag);
  }
});

Deno.test("corehaul completions and man take nothing else", async () => {
  await using home = await TempDir.create();
  const cases: Record<string, string> = {
    "completions": "SHELL must be one of bash, zsh, fish; see",
    "completions bsh": 'SHELL must be one of bash, zsh, fish: current value is "bsh": did you mean bash?',
    "completions zsh fish": 'Unexpected argument "fish"',
    "man get": 'Unexpected argument "get"',
    "man --dir x": "Option --dir is not one of corehaul man",
    "help gett": 'Unknown command "gett": did you mean get?',
  };
  for (const [line, part] of Object.entries(cases)) {
    const { code, stdout, stderr } = await corehaul(line.split(" "), { cwd: home.path });
    assertEquals([code, stdout], [2, ""]);
    assert(stderr.includes(part), stderr);
  }
});
