/**
 * The little of Markdown that the tests of the documents look at.
 *
 * @module
 */

/** A fenced block of code. */
export interface CodeBlock {
  /** What stands behind the opening fence. */
  info: string;
  /** The lines inside. */
  text: string;
}

/** The root of the project. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** The documents whose claims are checked. */
export const DOCUMENTS: readonly string[] = [
  "README.md",
  "README.zh-CN.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "bench/README.md",
  "deploy/README.md",
  "docs/control.md",
  "docs/fleet.md",
  "docs/from-other-tools.md",
  "docs/guarantees.md",
  "docs/ledger.md",
  "docs/performance.md",
  "docs/protocols.md",
  "docs/recovery.md",
  "docs/scale.md",
  "docs/schedule.md",
  "docs/segments.md",
  "docs/task_files.md",
];

const FENCE = /^```(.*)\n([\s\S]*?)^```$/gm;

/** Reads a file of the project. */
export async function readDocument(path: string): Promise<string> {
  return (await Deno.readTextFile(new URL(path, ROOT))).replaceAll("\r\n", "\n");
}

/** The fenced blocks of code, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(FENCE)].map(([, info, text]) => ({ info: info!, text: text! }));
}

/** The text without its fenced blocks. */
export function prose(markdown: string): string {
  return markdown.replaceAll(FENCE, "");
}

/** The headings, with their number signs. */
export function headings(markdown: string): string[] {
  return [...prose(markdown).matchAll(/^#{1,6} .*$/gm)].map(([heading]) => heading);
}

/** What stands in single backticks. */
export function inlineCode(markdown: string): string[] {
  return [...prose(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
}

/** Where links lead. */
export function linkTargets(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** The tables: each is a list of rows, and each row a list of cells. The first row holds the names of the columns. */
export function tables(markdown: string): string[][][] {
  return [...prose(markdown).matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
    table.trimEnd().split("\n")
      .filter((_, index) => index !== 1)
      .map((row) => row.slice(1, -1).split("|").map((cell) => cell.trim()))
  );
}

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
export function section(markdown: string, name: string): string {
  const match = new RegExp(`<!-- ${name} -->\n([\\s\\S]*?)<!-- /${name} -->`).exec(markdown);
  if (match === null) throw new Error(`Cannot read the section ${name} as its two marks must be there`);
  return match[1]!;
}

/** The commands of the blocks of shell code: comments are gone, continued lines are joined. */
export function shellCommands(markdown: string): string[] {
  return codeBlocks(markdown).filter((block) => block.info === "sh")
    .flatMap((block) => block.text.replaceAll(/\s*\\\n\s*/g, " ").split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "");
}
