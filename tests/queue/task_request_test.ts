import { assertEquals, assertNotEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { cp } from "node:fs/promises";
import { draftMark } from "../../queue/task_draft.ts";
import { TempDir } from "../support/temp_dir.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const ROOMS = ["base", "config", "ffi", "queue", "download", "workers", "app"];

const FIELDS = "queue/task_request.ts";
const SCHEMA = "queue/task_entry_schema.ts";
/** Where fields with rules of their own are treated. */
const TREATED = [
  "app/save_failed.ts",
  "download/download_context.ts",
  "download/task_draft.ts",
  "queue/task_draft.ts",
  "queue/task_model.ts",
];

/** A change of the code: in a file, what stands before a text. */
type Change = [file: string, before: string, text: string];

const IN_REQUEST: Change = [FIELDS, "  /** The earliest time of the first attempt", "  deadline?: number;\n"];
const IN_ENTRY: Change = [FIELDS, "  /** Who asks, for a `url`", "  deadline?: number;\n"];
const IN_SCHEMA: Change = [SCHEMA, "  notBefore: z.string()", "  deadline: z.int().optional(),\n"];

function inRecord(role: string, cell = "number"): Change {
  return [FIELDS, '  notBefore: { role: "own"', `  deadline: { role: "${role}", cell: "${cell}" },\n`];
}

/** What is changed, and in which files it must be a type error. */
const CASES: Readonly<Record<string, { changes: Change[]; errors: readonly string[] }>> = {
  "a kept field in all three places": { changes: [IN_REQUEST, inRecord("kept"), IN_SCHEMA], errors: [] },
  "a field that only the interface has": { changes: [IN_REQUEST], errors: [...TREATED, SCHEMA, FIELDS] },
  "a field that the interface does not have": { changes: [inRecord("kept"), IN_SCHEMA], errors: [SCHEMA, FIELDS] },
  "a number whose cell has text": { changes: [IN_REQUEST, inRecord("kept", "text"), IN_SCHEMA], errors: [FIELDS] },
  "a field with rules of its own that nobody treats": {
    changes: [IN_REQUEST, inRecord("own"), IN_SCHEMA],
    errors: TREATED,
  },
  "a field of entries that nobody treats": {
    changes: [IN_ENTRY, inRecord("entry"), IN_SCHEMA],
    errors: ["app/save_failed.ts", "download/task_draft.ts"],
  },
};

Deno.test("TASK_REQUEST_FIELDS makes each place a type error where a field was forgotten", async () => {
  await using folder = await TempDir.create();
  for (const name of ["deno.json", "deno.lock", "links"]) {
    await cp(`${ROOT}${name}`, folder.join(name), { recursive: true });
  }
  for (const [index, { changes }] of Object.values(CASES).entries()) {
    const place = folder.join(`case${index}`);
    await Deno.mkdir(place);
    for (const room of ROOMS) await cp(`${ROOT}${room}`, `${place}/${room}`, { recursive: true });
    for (const [file, before, text] of changes) {
      const code = await Deno.readTextFile(`${place}/${file}`);
      assertEquals(code.split(before).length, 2, `${file} has once: ${before}`);
      await Deno.writeTextFile(`${place}/${file}`, code.replace(before, () => text + before));
    }
  }
  const files = Object.values(CASES).flatMap(({ errors }, index) => {
    const looked = new Set([...errors.length === 0 ? TREATED : errors, SCHEMA, FIELDS]);
    return [...looked].map((file) => folder.join(`case${index}`, file));
  });
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files],
    cwd: folder.path,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stderr);
  const found: Record<string, string[]> = Object.fromEntries(Object.keys(CASES).map((name) => [name, []]));
  for (const [, index, file] of text.matchAll(/^ +at file:\/\/\S*\/case(\d+)\/(\S+?\.ts):\d+:\d+$/gm)) {
    const files = found[Object.keys(CASES)[Number(index)]!]!;
    if (!files.includes(file!)) files.push(file!);
  }
  for (const [name, { errors }] of Object.entries(CASES)) {
    assertEquals(found[name]!.sort(), errors.toSorted(), `${name}\n${text}`);
  }
});

const SOME = { headers: { A: "b" }, checksum: "md5:d41d8cd98f00b204e9800998ecf8427e" };
const ALL = { ...SOME, priority: -1, mirrors: [], limitRate: 1, segments: 16, size: 7 };

Deno.test("draftMark is what lists on disk have, and a field that is new changes it only where it is there", () => {
  assertEquals(draftMark({}), undefined);
  assertEquals(draftMark({ priority: 3 }), "VbhYfi5LPj");
  assertEquals(draftMark({ headers: { A: "b" } }), "bdawjNsrer");
  assertEquals(draftMark({ mirrors: ["http://m.example/a"] }), "k/aqnySRdt");
  assertEquals(draftMark({ limitRate: 1000 }), "O5ofh83VDx");
  assertEquals(draftMark({ segments: 4 }), "KTWq9r78jQ");
  assertEquals(draftMark({ checksum: SOME.checksum }), "yjVTCEeMYy");
  assertEquals(draftMark({ size: 0 }), "kJSbjCQpty");
  assertEquals(draftMark(ALL), "7LRL/gQuzr");
  assertNotEquals(draftMark(SOME), draftMark(ALL));
});
