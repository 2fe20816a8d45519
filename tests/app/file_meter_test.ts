import { assertEquals } from "@std/assert";
import { FileMeter } from "../../app/file_meter.ts";
import { FileBoard } from "../../base/file_board.ts";
import type { ClaimedTask } from "../../queue/task_model.ts";

const error = { kind: "network", message: "cut", retryable: true, at: 0 } as const;

function setUp() {
  const board = FileBoard.create(1, 8);
  const held = new Map<number, ClaimedTask>();
  const meter = new FileMeter(board, 1, (_worker, seq) => held.get(seq));
  const claim = (seq: number) => {
    const [url, out] = [`http://u:p@h/${seq}`, String(seq)];
    held.set(seq, { id: `t${seq}`, seq, url, out, core: 3 } as ClaimedTask);
  };
  return { row: board.row(0), held, meter, claim };
}

Deno.test("FileMeter tells the largest files first, with speed, and what an earlier download had left", () => {
  const { row, meter, claim } = setUp();
  for (const seq of [1, 2, 3]) claim(seq);
  using small = row.begin(1, 0, 1000)!;
  using large = row.begin(2, 500, 9000)!;
  using unsized = row.begin(3, 0, undefined)!;
  // Not this owner's any more.
  using _lost = row.begin(4, 0, 99_999);
  const began = meter.read().files;
  assertEquals(began.map(({ speed }) => speed), [0, 0, 0]);
  small.add(100);
  large.add(300);
  unsized.add(50);
  const { files, open } = meter.read(Date.now() + 1000);
  assertEquals(files.map(({ id, bytes, size, continuedAt }) => [id, bytes, size, continuedAt]), [
    ["t2", 800, 9000, 500],
    ["t1", 100, 1000, undefined],
    ["t3", 50, undefined, undefined],
  ]);
  assertEquals([files[0]!.out, files[0]!.url, files[0]!.core], ["2", "http://h/2", 3]);
  assertEquals(files.every(({ speed, id }) => speed > 0 && speed <= (id === "t2" ? 300 : 100)), true);
  assertEquals(open, { sized: 2, sizedBytes: 900, size: 10_000, unsizedBytes: 50 });
});

Deno.test("FileMeter still counts what is there of a file that will be continued", () => {
  const { row, meter, claim, held } = setUp();
  claim(1);
  {
    using mark = row.begin(1, 0, 1000)!;
    mark.add(400);
  }
  const there = { sized: 1, sizedBytes: 400, size: 1000, unsizedBytes: 0 };
  const none = { sized: 0, sizedBytes: 0, size: 0, unsizedBytes: 0 };
  // The worker has not said yet how it ended.
  assertEquals(meter.read(), { files: [], open: there });
  held.delete(1);
  meter.ended(1, { type: "retry", startedAt: 0, error, notBefore: 0 });
  assertEquals(meter.read(), { files: [], open: there });
  claim(1);
  {
    using mark = row.begin(1, 400, 1000)!;
    mark.add(600);
    assertEquals(meter.read().open, { ...there, sizedBytes: 1000 });
    mark.done();
  }
  held.delete(1);
  meter.ended(1, { type: "done", startedAt: 0, facts: { bytes: 1000, finalUrl: "" } });
  assertEquals(meter.read().open, none);
});
