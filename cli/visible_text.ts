// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;
const BLANK = /\s/;

/**
 * Makes one line of text harmless for a terminal: urls, and what servers say, may hold sequences that colour it, name it
 * or move its cursor.
 *
 * @param text The line.
 * @returns The same without control characters: a blank stands for tabs and line breaks, `�` for the others.
 */
export function visibleText(text: string): string {
  return text.replace(CONTROLS, (control) => BLANK.test(control) ? " " : "\ufffd");
}
