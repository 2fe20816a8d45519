import type { CfgCommand } from "../config/cfg_fields.ts";

/** A command line, and what it is good for in a few words. */
export type CommandExample = readonly [line: string, note: string];

/** What a beginner needs, in the order of the first day. */
export const FIRST_EXAMPLES: readonly CommandExample[] = [
  ["corehaul https://example.org/a.iso", "fetch one file"],
  ["corehaul get -i urls.txt -d photos", "fetch what a file lists"],
  ["corehaul run", "watch code_tasks.json, and fetch"],
  ["corehaul add https://example.org/b.iso", "give a run more to do"],
  ["corehaul list --status failed", "see what went wrong"],
];

/** Examples of each command. */
export const COMMAND_EXAMPLES: Readonly<Record<CfgCommand, readonly CommandExample[]>> = {
  run: [
    ["corehaul run", "watch code_tasks.json"],
    ["corehaul run --once --tasks list.txt", "end when all is settled"],
    ["corehaul run 75", "leave a quarter of each core"],
    ["corehaul run --tasks lists --sync", "keep to what the lists say"],
  ],
  get: [
    ["corehaul get https://example.org/a.iso", "into downloads/"],
    ["corehaul get -o b.iso https://example.org/a.iso", "under a name"],
    ["corehaul get -i urls.txt -d photos -j 8", "8 at a time"],
    ["generate-urls | corehaul get -i -", "from another program"],
  ],
  add: [
    ["corehaul add https://example.org/a.iso", "for the next run, or this one"],
    ["generate-urls | corehaul add -i -", "from another program"],
    ["corehaul add -i urls.txt --start-at 22:00", "for tonight"],
  ],
  check: [
    ["corehaul check code_tasks.json", "what would be refused?"],
    ["corehaul check part.csv --url-column link", "another column"],
  ],
  list: [
    ["corehaul list --status failed", "what went wrong"],
    ["corehaul list --where host=example.org --json", "for programs"],
  ],
  why: [
    ["corehaul why t12", "by the id that list shows"],
    ["corehaul why https://example.org/a.iso", "by its url"],
  ],
  status: [["corehaul status", "of the list in this folder"]],
  pause: [
    ["corehaul pause t12 t13", "these two"],
    ["corehaul pause --where host=example.org", "all of a host"],
  ],
  resume: [["corehaul resume --all", "whatever was paused"]],
  cancel: [["corehaul cancel --where 'out=photos/*'", "all below a folder"]],
  retry: [
    ["corehaul retry --all", "all that failed"],
    ["corehaul retry --where error=http-503", "all that failed so"],
    ["corehaul retry --missing -d photos", "done, and gone since"],
  ],
  remove: [["corehaul remove --where status=canceled", "files stay"]],
  priority: [
    ["corehaul priority 10 t12", "before all others"],
    ["corehaul priority -1 --where host=example.org", "after all others"],
  ],
  manifest: [
    ["corehaul manifest -d photos", "what came from where"],
    ["corehaul manifest --verify -d photos", "is all still there?"],
  ],
  collect: [["corehaul collect m1/files m2/files --format csv", "one table of two"]],
  gc: [
    ["corehaul gc --keep 30d --dry-run", "how many would go?"],
    ["corehaul gc --keep 30d", "forget them"],
  ],
  clean: [
    ["corehaul clean --dir files", "what nobody can continue"],
    ["corehaul clean --dir files --yes", "remove it"],
  ],
  doctor: [
    ["corehaul doctor", "before the first run"],
    ["corehaul doctor --config", "which options are set where?"],
    ["corehaul doctor --queue redis://redis.example:6379/0", "a Redis"],
  ],
};
