import { walk } from "@std/fs/walk";

/** Which tests run together. */
export interface TestLanes {
  /** The arguments of `deno test` for those that run side by side; absent: there are none. */
  readonly parallel?: readonly string[];
  /** The arguments for those that run one by one; absent: there are none. */
  readonly serial?: readonly string[];
}

/** Folders without tests of ours. */
const ELSEWHERE = /(^|\/)(node_modules|\.git)$/;
const SERIAL = /_serial_test\.ts$/;

/**
 * Splits tests into those that run side by side and those that measure the machine, and run one by one.
 *
 * @param paths Files and folders. Default: this folder.
 */
export async function splitLanes(paths: readonly string[]): Promise<TestLanes> {
  const serial = paths.filter((path) => SERIAL.test(path));
  const rest = paths.filter((path) => !SERIAL.test(path));
  for (const root of paths.length === 0 ? ["."] : rest) {
    if (!(await Deno.stat(root)).isDirectory) continue;
    for await (const { path } of walk(root, { includeDirs: false, match: [SERIAL], skip: [ELSEWHERE] })) {
      serial.push(path);
    }
  }
  return {
    ...(paths.length > 0 && rest.length === 0
      ? {}
      : { parallel: [...rest, ...serial.length === 0 ? [] : [`--ignore=${serial.join(",")}`]] }),
    ...(serial.length === 0 ? {} : { serial }),
  };
}
