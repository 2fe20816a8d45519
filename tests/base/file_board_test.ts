import { assertEquals } from "@std/assert";
import { FileBoard } from "../../base/file_board.ts";

const bytesOf = (board: FileBoard, worker: number) => [...board.read(worker)].map(({ seq, bytes }) => [seq, bytes]);

Deno.test("FileBoard shows everybody how far the files of each worker have come", () => {
  const ours = FileBoard.create(2, 2);
  const row = FileBoard.attach(ours.buffer).row(1);
  const first = row.begin(7, 0, 3_000_000_000)!;
  using second = row.begin(8, 500, undefined)!;
  first.add(2_000_000_000);
  first.add(1);
  second.add(10);
  const [large, unknown] = [...ours.read(1)];
  assertEquals({ ...large, startedAt: 0 }, {
    seq: 7,
    startedAt: 0,
    kept: 0,
    size: 3_000_000_000,
    bytes: 2_000_000_001,
    over: false,
  });
  assertEquals({ ...unknown, startedAt: 0 }, { seq: 8, startedAt: 0, kept: 500, bytes: 510, over: false });
  assertEquals([...ours.read(0)], []);
  // There is no place for a third one.
  assertEquals(row.begin(9, 0, 1), undefined);
  first.done();
  first[Symbol.dispose]();
  assertEquals(bytesOf(ours, 1), [[8, 510]]);
  using third = row.begin(9, 0, 100)!;
  third.add(5);
  assertEquals(bytesOf(ours, 1).sort(), [[8, 510], [9, 5]]);
});

Deno.test("FileBoard keeps what is there of a file that was not completed, until its place is taken", () => {
  const board = FileBoard.create(1, 1);
  const row = board.row(0);
  {
    using mark = row.begin(7, 0, 100)!;
    mark.add(60);
  }
  assertEquals([...board.read(0)].map(({ seq, bytes, over }) => [seq, bytes, over]), [[7, 60, true]]);
  using _next = row.begin(8, 0, 100);
  assertEquals(bytesOf(board, 0), [[8, 0]]);
  board.clear(0);
  assertEquals(bytesOf(board, 0), []);
});
