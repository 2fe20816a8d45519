import { assert, assertEquals } from "@std/assert";
import { FileChanges } from "../../workers/file_changes.ts";
import { followTaskFile } from "../../workers/follow_task_file.ts";
import type { FileNews } from "../../workers/proc_messages.ts";
import { TaskFileReader } from "../../workers/task_file_reader.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("followTaskFile says of a read whether the file changed meanwhile, and reads it again then", async () => {
  await using home = await TempDir.create();
  const file = await home.write("tasks.txt", "http://h/a\n");
  const news: FileNews[] = [];
  let sent = 0;
  await followTaskFile({
    ...watched(file),
    turn: (read) => read(),
    send: async ({ drafts }) => {
      sent += drafts.length;
      // As a writer that is not done yet.
      if (sent === 1) await Deno.writeTextFile(file, "http://h/b\n", { append: true });
    },
    post: async (each) => {
      news.push(each);
      if (news.length === 2) await Deno.remove(file);
    },
  });
  assertEquals(news.map((each) => each.type === "read" ? [each.entries, each.moved] : each.type), [
    [1, true],
    [2, false],
    "missing",
  ]);
});

const GROWING = [
  ["a list", "", (name: string) => `http://h/${name}`],
  ["a table", "url,out\n", (name: string) => `http://h/x,${name}`],
] as const;

/** A file that is watched, and looked at all the time. */
const watched = (file: string) => ({
  reader: new TaskFileReader(file),
  changes: new FileChanges(file, () => 1),
  watch: true,
  whole: false,
  expected: false,
});

for (const when of ["waits for its turn", "is read"]) {
  for (const [what, header, line] of GROWING) {
    Deno.test(`followTaskFile takes no half line of ${what} that grows while it ${when}`, async () => {
      await using home = await TempDir.create();
      const names = Array.from({ length: 20_000 }, (_, i) => `n${i}`);
      const file = await home.write("tasks", header + names.map((name) => `${line(name)}\n`).join(""));
      const append = async (text: string) => await Deno.writeTextFile(file, text, { append: true });
      let begun = false;
      const grow = async (now: string) => {
        if (when !== now || begun) return;
        begun = true;
        await append(`${line("whole")}\n${line("half")}`);
      };
      const outs = new Set<string>();
      const news: FileNews[] = [];
      await followTaskFile({
        ...watched(file),
        turn: async (read) => {
          await grow("waits for its turn");
          return await read();
        },
        send: async ({ drafts, problems }) => {
          assertEquals(problems, []);
          for (const { out } of drafts) outs.add(out);
          await grow("is read");
        },
        post: async (each) => {
          news.push(each);
          if (news.length === 1) await append("-no-more\n");
          if (news.length === 2) await Deno.remove(file);
        },
      });
      assertEquals(news.map((each) => each.type === "read" ? [each.entries, each.moved] : each.type), [
        [names.length + 1, true],
        [names.length + 2, false],
        "missing",
      ]);
      assert(outs.has("whole") && outs.has("half-no-more"));
      assertEquals(outs.size, names.length + 2);
    });
  }
}

Deno.test("followTaskFile takes a last line without a line break once it stays so", async () => {
  await using home = await TempDir.create();
  const file = await home.write("tasks.txt", "http://h/a\nhttp://h/b");
  const outs: string[] = [];
  await followTaskFile({
    reader: new TaskFileReader(file),
    changes: new FileChanges(file, () => 1),
    watch: true,
    whole: false,
    expected: false,
    turn: (read) => read(),
    send: ({ drafts }) => {
      outs.push(...drafts.map(({ out }) => out));
      return Promise.resolve();
    },
    post: async () => await Deno.remove(file).catch(() => {}),
  });
  assertEquals(outs, ["a", "b"]);
});

/** Says when all that is to be said of a read has been said. */
class HeardChanges extends FileChanges {
  readonly #heard: () => Promise<void>;

  constructor(file: string, heard: () => Promise<void>) {
    super(file, () => 1);
    this.#heard = heard;
  }

  override async next(...args: Parameters<FileChanges["next"]>): Promise<boolean> {
    await this.#heard();
    return await super.next(...args);
  }
}

Deno.test("followTaskFile says the same fault once, however often it is written", async () => {
  await using home = await TempDir.create();
  const file = await home.write("tasks.json", '["http://h/a", ');
  const news: FileNews[] = [];
  const seen: number[] = [];
  let reads = 0;
  const again = ['["http://h/a", ', '["http://h/a", ', "[oops", undefined];
  await followTaskFile({
    ...watched(file),
    changes: new HeardChanges(file, async () => {
      seen.push(news.length);
      const text = again[seen.length - 1];
      if (text === undefined) await Deno.remove(file);
      else await home.replace("tasks.json", text);
    }),
    turn: (read) => {
      reads++;
      return read();
    },
    send: () => Promise.resolve(),
    post: (each) => void news.push(each),
  });
  assertEquals(seen, [1, 1, 1, 2]);
  assertEquals(reads, 4);
  assertEquals(news.map(({ type }) => type), ["invalid", "invalid", "missing"]);
});

Deno.test("followTaskFile reads all of a file that has grown once it was left alone, and says only what is news then", async () => {
  await using home = await TempDir.create();
  const lines = Array.from({ length: 3000 }, (_, i) => `http://h/${10_000 + i}\n`);
  const file = await home.write("tasks.txt", lines.join(""));
  const outs: string[] = [];
  const news: FileNews[] = [];
  const seen: number[] = [];
  await followTaskFile({
    ...watched(file),
    restMs: 200,
    changes: new HeardChanges(file, async () => {
      seen.push(outs.length);
      if (seen.length === 3) await Deno.remove(file);
      if (seen.length !== 1) return;
      using handle = await Deno.open(file, { write: true });
      await handle.seek(lines[0]!.length * 500 + "http://h/".length, Deno.SeekMode.Start);
      await handle.write(new TextEncoder().encode("7"));
      await home.append("tasks.txt", "http://h/more\n");
    }),
    turn: (read) => read(),
    send: ({ drafts }) => {
      outs.push(...drafts.map(({ out }) => out));
      return Promise.resolve();
    },
    post: (each) => void news.push(each),
  });
  const [first, grown, all] = seen;
  assertEquals(first, 3000);
  assert(outs.slice(first, grown).includes("more") && !outs.slice(first, grown).includes("70500"));
  assert(outs.slice(grown, all).includes("70500"));
  assertEquals(news.map((each) => each.type === "read" ? [each.entries, each.blocks] : each.type), [
    [3000, []],
    [3001, []],
    "missing",
  ]);
});
