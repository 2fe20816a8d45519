import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { glanceAtTaskFile } from "../../queue/task_file_glance.ts";
import { scanTaskFile } from "../../queue/task_file_scan.ts";

const encoder = new TextEncoder();

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What the scanner says of a file: that it comes to its end, or that it is not valid. */
async function scan(bytes: Uint8Array): Promise<boolean> {
  const entries = scanTaskFile(cut(bytes, 65_536));
  try {
    while (!(await entries.next()).done);
    return true;
  } catch {
    return false;
  }
}

function longList(form: (i: number) => string, separator: string): string {
  return `[${Array.from({ length: 12_000 }, (_, i) => form(i)).join(separator)}]`;
}

const FORMS: [name: string, text: string][] = [
  ["objects", longList((i) => `{"url": "http://h/${i}", "headers": {"a": "b"}, "mirrors": []}`, ",\n")],
  ["traps", longList((i) => `{"url": "http://h/${i}", "headers": {"a": "},{"}}`, ",\n")],
  ["urls", longList((i) => `"http://h/${i}?a=%22,%22"`, " , ")],
  ["a mixture", longList((i) => i % 2 === 0 ? `"http://h/${i}"` : `{"url":"http://h/${i}"}`, ",")],
  ["plain lines", Array.from({ length: 40_000 }, (_, i) => `http://h/${i}\n`).join("")],
  ["plain lines without a last break", Array.from({ length: 40_000 }, (_, i) => `http://h/${i}`).join("\n")],
];

for (const [name, text] of FORMS) {
  Deno.test(`glanceAtTaskFile knows a whole file of ${name}, and none that is cut or broken`, async () => {
    const bytes = encoder.encode(text);
    assert(await scan(bytes));
    if (name !== "a mixture" && name !== "traps") assert(await glanceAtTaskFile(cut(bytes, 100_000)));
    const damage = fc.tuple(fc.nat(bytes.length), fc.constantFrom("cut", ...'[]{},"\\\n x'));
    await fc.assert(
      fc.asyncProperty(damage, async ([at, what]) => {
        const broken = what === "cut" ? bytes.subarray(0, at) : new Uint8Array(Math.max(bytes.length, at + 1));
        if (what !== "cut") {
          broken.set(bytes);
          broken.set(encoder.encode(what), at);
        }
        const seen = await glanceAtTaskFile(cut(broken, 100_000));
        // It may leave the judgement to the scanner, but not give another one.
        if (seen) assert(await scan(broken));
      }),
      { numRuns: 20 },
    );
  });
}

Deno.test("glanceAtTaskFile gives no other judgement than the scanner about small files", async () => {
  const bit = fc.constantFrom(
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "\\",
    "1",
    "a",
    " ",
    "\n",
    ":",
    '"url":"x"',
    "null",
    "\ufeff",
    "#",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(bit, { maxLength: 12 }), async (bits) => {
      const bytes = encoder.encode(bits.join(""));
      const seen = await glanceAtTaskFile(cut(bytes, 3));
      if (seen) assert(await scan(bytes), bits.join(""));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("glanceAtTaskFile leaves entries that are too long to the scanner", async () => {
  const long = "x".repeat(1_200_000);
  for (const text of [`["${long}"]`, `http://h/${long}\n`, `http://h/a\nhttp://h/${long}`]) {
    assertEquals(await glanceAtTaskFile(cut(encoder.encode(text), 100_000)), false);
  }
});
