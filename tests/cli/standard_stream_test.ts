import { assert, assertEquals } from "@std/assert";
import { StandardStream } from "../../cli/standard_stream.ts";

/** Something to write to that takes as much at a time as it is told, once it is let. */
function reader(atOnce = Infinity) {
  const got: number[] = [];
  let gate = Promise.withResolvers<void>();
  const take = (bytes: Uint8Array) => {
    const some = bytes.subarray(0, atOnce);
    for (const byte of some) got.push(byte);
    return some.length;
  };
  return {
    text: () => new TextDecoder().decode(Uint8Array.from(got)),
    read: () => gate.resolve(),
    stop: () => gate = Promise.withResolvers(),
    to: {
      writeSync: take,
      write: async (bytes: Uint8Array) => {
        await gate.promise;
        return take(bytes);
      },
    },
  };
}

Deno.test("StandardStream.queue holds nobody up, and keeps the order of what it is given", async () => {
  const slow = reader(3);
  const stream = new StandardStream(slow.to);
  const lines = Array.from({ length: 100 }, (_, i) => `line ${i} ü\n`);
  for (const line of lines) stream.queue(line);
  assertEquals([slow.text(), stream.busy, stream.isBehind], ["", true, false]);
  slow.read();
  await stream.drained();
  assertEquals([slow.text(), stream.busy], [lines.join(""), false]);
  stream.queue("more\n");
  await stream.drained();
  assert(slow.text().endsWith("more\n"));
});

Deno.test("StandardStream.queue leaves out what a reader that stands still does not take, and says how many", async () => {
  const stuck = reader();
  const stream = new StandardStream(stuck.to);
  const line = `${"x".repeat(1023)}\n`;
  for (let i = 0; i < 3000; i++) stream.queue(line);
  assert(stream.isBehind);
  stuck.read();
  await stream.drained();
  const lines = stuck.text().trimEnd().split("\n");
  const [, left] = /^(\d+) messages were left out here, as nobody read so far$/.exec(lines.at(-1)!)!;
  assertEquals(lines.length - 1 + Number(left), 3000);
});

Deno.test("StandardStream is silent after its reader has left, and tells why else it cannot write", async () => {
  let calls = 0;
  const told: string[] = [];
  const failing = (error: () => Error) => {
    const fail = () => {
      calls++;
      throw error();
    };
    const write = () => Promise.resolve().then(fail);
    return new StandardStream({ writeSync: fail, write }, ({ message }) => told.push(message));
  };
  const left = failing(() => new Deno.errors.BrokenPipe("gone"));
  for (let i = 0; i < 3; i++) {
    left.queue("text");
    await left.drained();
    left.tell("text");
  }
  assertEquals([calls, told], [1, []]);
  const full = failing(() => new Error("No space left on device"));
  full.queue("text");
  await full.drained();
  full.tell("text");
  assertEquals(told, ["No space left on device", "No space left on device"]);
});

Deno.test("StandardStream waits for a pipe that is set not to wait for its reader", async () => {
  for (const sync of [true, false]) {
    const got: number[] = [];
    let full = true;
    const writeSync = (bytes: Uint8Array) => {
      full = !full;
      if (!full) throw new Deno.errors.WouldBlock("full");
      got.push(bytes[0]!);
      return 1;
    };
    const stream = new StandardStream({ writeSync, write: (bytes) => Promise.resolve().then(() => writeSync(bytes)) });
    if (sync) stream.write("abc\n");
    else stream.queue("abc\n");
    await stream.drained();
    assertEquals(new TextDecoder().decode(Uint8Array.from(got)), "abc\n");
  }
});

Deno.test("StandardStream writes what is queued in whatever moment the text before it is written", async () => {
  for (let turns = 0; turns < 30; turns++) {
    let written = "";
    const write = (bytes: Uint8Array) => {
      written += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    };
    const stream = new StandardStream({ write, writeSync: (bytes) => bytes.length });
    stream.queue("one\n");
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    stream.queue("two\n");
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals([written, stream.busy], ["one\ntwo\n", false], `after ${turns} turns`);
  }
});
