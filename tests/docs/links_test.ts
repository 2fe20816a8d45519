import { assert, assertStringIncludes } from "@std/assert";
import { RESTING, taskKeys } from "../../queue/task_keys.ts";
import { DOCUMENTS, headings, inlineCode, linkTargets, prose, readDocument, ROOT } from "./markdown.ts";

/** A path that a document names in backticks; `tests/ROOM/` and globs stand for many. */
const PATH =
  /^(?:\.ci|app|base|bench|cli|config|docs|download|ffi|links|queue|tests|tools|workers)\/[a-z0-9_./-]*$|^[a-z_]+\.(?:ts|json)$/;
/** Files of users, which the documents speak of. */
const USER_FILES: ReadonlySet<string> = new Set(["program.ts"]);

async function exists(path: string, base: URL): Promise<boolean> {
  try {
    await Deno.stat(new URL(path, base));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function slug(heading: string): string {
  return heading.replace(/^#+ /, "").toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

Deno.test("the links of the documents lead to files and headings that are there", async () => {
  for (const document of DOCUMENTS) {
    const base = new URL(document, ROOT);
    for (const target of linkTargets(await readDocument(document))) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, anchor] = target.split("#") as [string, string | undefined];
      assert(path === "" || await exists(path, base), `${document}: there is no ${path}`);
      if (anchor === undefined) continue;
      const text = await readDocument(new URL(path || base.href, base).href);
      assert(headings(text).map(slug).includes(anchor), `${document}: there is no heading ${target}`);
    }
  }
});

Deno.test("the files that the documents name are there", async () => {
  for (const document of DOCUMENTS) {
    const base = document.startsWith("bench/") ? new URL(document, ROOT) : ROOT;
    for (const path of inlineCode(await readDocument(document))) {
      if (!PATH.test(path) || USER_FILES.has(path)) continue;
      assert(await exists(path, base), `${document}: there is no ${path}`);
    }
  }
});

Deno.test("ARCHITECTURE.md names what its files hold, in less than 250 lines", async () => {
  const text = await readDocument("ARCHITECTURE.md");
  assert(text.split("\n").length < 250);
  const pairs = [...prose(text).matchAll(/`(\w+)`\s+in\s+`([\w/]+\.ts)`/g)];
  assert(pairs.length >= 3, "it names too little");
  for (const [, symbol, path] of pairs) {
    assertStringIncludes(await readDocument(path!), symbol!, `${symbol} in ${path}`);
  }
});

Deno.test("ARCHITECTURE.md tells of every key of the task list", async () => {
  const text = await readDocument("ARCHITECTURE.md");
  const { resting: _, restingAll: __, isRunning: ___, isDelayed: ____, ...others } = taskKeys;
  const makers = Object.values(others) as ((...args: unknown[]) => Deno.KvKey)[];
  const names = new Set([...makers.map((make) => make(0, 0, 0)[1]), ...RESTING]);
  for (const name of names) assert(text.includes(`\`${String(name)}`), `it does not tell of ${String(name)}`);
});
