/**
 * The path of a file below a folder. Both must be clean already: this is `join` without its work.
 *
 * @param root The folder, as the system resolves it.
 * @param out The path below it, checked by `outProblem`.
 */
export function pathBelow(root: string, out: string): string {
  return root.endsWith("/") ? root + out : `${root}/${out}`;
}
