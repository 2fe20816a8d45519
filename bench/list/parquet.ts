/**
 * How much memory a Parquet file takes as a task file: `deno run -A bench/list/parquet.ts [ROWS] [ROWS_A_GROUP]`. Writes a file
 * of that many urls, with an index of its pages and without, and lets another process read each, first for its syntax as a run
 * does.
 *
 * @module
 */
import { ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { fileWriter } from "hyparquet-writer";
import { assertTaskFile } from "../../queue/task_file_check.ts";
import { scanTaskFile } from "../../queue/task_file_scan.ts";

const BATCH = 100_000;

if (import.meta.main) {
  if (Deno.args[0] === "--read") await read(Deno.args[1]!);
  else await main(Number(Deno.args[0] ?? 10_000_000), Number(Deno.args[1] ?? 100_000));
}

async function main(rows: number, groupRows: number): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  try {
    for (const offsetIndex of [true, false]) {
      await write(path, rows, groupRows, offsetIndex);
      const { size } = await Deno.stat(path);
      const mib = (size / 2 ** 20).toFixed(0);
      const index = offsetIndex ? "with an index of pages" : "without an index of pages";
      console.log(`${rows} rows in groups of ${groupRows}, ${mib} MiB, ${index}`);
      const args = ["run", "-A", import.meta.filename!, "--read", path];
      await new Deno.Command(Deno.execPath(), { args, stdout: "inherit", stderr: "inherit" }).output();
    }
  } finally {
    await Deno.remove(path);
  }
}

async function write(path: string, rows: number, groupRows: number, offsetIndex: boolean): Promise<void> {
  const columnData = (from: number, count: number) => {
    const place = (i: number) => (from + i).toString().padStart(9, "0");
    const data = Array.from({ length: count }, (_, i) => `https://h.example/collections/${place(i)}/images/photo.jpg`);
    const text = Array.from(
      { length: count },
      (_, i) => `A caption of the picture number ${place(i)}, which nobody reads`,
    );
    return [
      { name: "url", data, type: "STRING" as const, offsetIndex },
      { name: "caption", data: text, type: "STRING" as const, offsetIndex },
    ];
  };
  const schema = schemaFromColumnData({ columnData: columnData(0, 1) });
  const writer = new ParquetWriter({ writer: fileWriter(path), schema });
  const columns = (from: number, count: number) => columnData(from, count).map(({ type: _, ...column }) => column);
  for (let from = 0; from < rows; from += groupRows) {
    const count = Math.min(groupRows, rows - from);
    await writer.write({ columnData: columns(from, count), rowGroupSize: groupRows });
  }
  await writer.finish();
}

async function read(path: string): Promise<void> {
  using file = await Deno.open(path);
  const columns = { urlColumn: "url" };
  const start = performance.now();
  await assertTaskFile(file, columns);
  let rows = 0;
  for await (const _ of scanTaskFile(file, columns)) {
    if (++rows % (10 * BATCH) === 0) console.log(`${rows} rows read, peak ${await peak()} MiB`);
  }
  console.log(`${rows} rows, twice, in ${((performance.now() - start) / 1000).toFixed(1)} s, peak ${await peak()} MiB`);
}

async function peak(): Promise<string> {
  const status = await Deno.readTextFile("/proc/self/status");
  return (Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) / 1024).toFixed(0);
}
