import { assertEquals } from "@std/assert";
import { findTaskFiles, folderOfTaskFiles } from "../../queue/task_file_patterns.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("findTaskFiles finds the files of folders and patterns, each once and in order", async () => {
  await using home = await TempDir.create();
  const names = [
    "b.json",
    "a.json",
    "c.txt.gz",
    "e.jsonl.zst",
    "f.jsonc",
    "g.parquet",
    "h.metalink",
    "d.CSV",
    "notes.md",
    ".hidden.json",
    "a.json~",
    "sub/e.json",
    "sub/x/f.tsv",
  ];
  for (const name of names) await home.write(`lists/${name}`, "");
  await Deno.symlink(home.join("lists/a.json"), home.join("lists/link.json"));
  await Deno.symlink(home.join("lists/nowhere"), home.join("lists/dangling.json"));
  await Deno.symlink(home.join("lists/sub"), home.join("lists/folder.json"));
  const find = async (...words: string[]) => {
    const { files, named, empty } = await findTaskFiles(words.map((word) => home.join(word)));
    const short = (path: string) => path.slice(home.path.length + 1);
    return [files.map(short), [...named].map(short), empty.map(short)];
  };
  const inFolder = [
    "lists/a.json",
    "lists/b.json",
    "lists/c.txt.gz",
    "lists/d.CSV",
    "lists/e.jsonl.zst",
    "lists/f.jsonc",
    "lists/g.parquet",
    "lists/h.metalink",
    "lists/link.json",
  ];
  assertEquals(await find("lists"), [inFolder, [], []]);
  assertEquals(await find("lists/*.json"), [["lists/a.json", "lists/b.json", "lists/link.json"], [], []]);
  assertEquals(await find("lists/**/*.{json,tsv}"), [
    ["lists/a.json", "lists/b.json", "lists/link.json", "lists/sub/e.json", "lists/sub/x/f.tsv"],
    [],
    [],
  ]);
  assertEquals(await find("lists/.*.json"), [["lists/.hidden.json"], [], []]);
  assertEquals(await find("lists/b.json", "lists/?.json", "none.json"), [
    ["lists/b.json", "lists/a.json", "none.json"],
    ["lists/b.json", "none.json"],
    [],
  ]);
  assertEquals(await find("lists/*.xml", "no/where/*.json"), [[], [], ["lists/*.xml", "no/where/*.json"]]);
  // A name is a name, if a file is called so.
  await home.write("odd[1].json", "");
  assertEquals(await find("odd[1].json"), [["odd[1].json"], ["odd[1].json"], []]);
});

Deno.test("findTaskFiles takes a folder that is there for a name, whatever it is called", async () => {
  await using home = await TempDir.create();
  for (const folder of ["My [2024] lists", "{a,b}", "what?*", "(x)", "!(y)"]) {
    for (const name of ["l/a.txt", "l/b [1].txt", "l/sub/c.txt"]) await home.write(`${folder}/${name}`, "");
    const find = async (word: string) => {
      const { files, named, empty } = await findTaskFiles([home.join(`${folder}/${word}`)]);
      const short = (path: string) => path.slice(home.join(folder).length + 1);
      return [files.map(short), [...named].map(short), empty.map(short)];
    };
    assertEquals(await find("l/*.txt"), [["l/a.txt", "l/b [1].txt"], [], []], folder);
    assertEquals(await find("**/*.txt"), [["l/a.txt", "l/b [1].txt", "l/sub/c.txt"], [], []], folder);
    assertEquals(await find("l/*/c.txt"), [["l/sub/c.txt"], [], []], folder);
    assertEquals(await find("l/b [1].txt"), [["l/b [1].txt"], ["l/b [1].txt"], []], folder);
    assertEquals(await find("l"), [["l/a.txt", "l/b [1].txt"], [], []], folder);
    // What is expected is no pattern either.
    assertEquals(await find("later.txt"), [["later.txt"], ["later.txt"], []], folder);
    assertEquals(await find("l/*.csv"), [[], [], ["l/*.csv"]], folder);
    for (const [word, below] of [["l/*.txt", "l"], ["*/*.txt", "."], ["later.txt", "."]]) {
      const wanted = home.join(below === "." ? folder : `${folder}/${below}`);
      assertEquals(folderOfTaskFiles(home.join(`${folder}/${word}`)), wanted);
    }
  }
});

Deno.test("folderOfTaskFiles is the folder below which the files are", () => {
  const cases = [["/w/a.json", "/w"], ["/w/lists/*.json", "/w/lists"], ["/w/*/x/*.json", "/w"], [
    "/w/{a,b}.json",
    "/w",
  ]];
  for (const [word, folder] of cases) assertEquals(folderOfTaskFiles(word!), folder);
});
