import { findProgram } from "../program.ts";
import type { BenchTool, ToolFile, ToolRun } from "./bench_tool.ts";

/** rclone, which copies from a folder of an HTTP server. */
export const rclone: BenchTool = {
  name: "rclone",
  package: "rclone",
  async version(): Promise<string> {
    return (await findProgram("rclone", ["version"], "rclone")).version;
  },
  list(files: readonly ToolFile[]): string {
    const [first] = files;
    // The folder of all of them, and their names.
    return `${first!.url.slice(0, -first!.name.length)}\n${files.map(({ name }) => `${name}\n`).join("")}`;
  },
  command(run: ToolRun): string[] {
    const script = 'tail -n +2 "$1" > "$2/names"; exec rclone copy --config= --quiet --http-url "$(head -n 1 "$1")" ' +
      '--http-no-head --no-traverse --ignore-checksum --files-from-raw "$2/names" --transfers "$3" --checkers "$3" ' +
      '${5:+--ca-cert "$5"} :http: "$4"';
    return [
      "sh",
      "-c",
      script,
      "rclone",
      run.list,
      run.state,
      String(run.concurrency),
      run.out,
      ...(run.ca ? [run.ca] : []),
    ];
  },
};
