import type { DownloaderOptions } from "../mod.ts";
import type { Terminal } from "./terminal.ts";
import { visibleText } from "./visible_text.ts";

const BACKSPACE = 0x7f;
const DELETE = 0x08;
const CLEAR_LINE = 0x15;
const END = 0x04;

/**
 * Makes what asks for passphrases at the terminal, one after the other, whatever standard input is.
 *
 * @param terminal The terminal, which shows nothing else meanwhile.
 * @returns Undefined if nobody sits there.
 */
export function passphraseAsker(terminal: Terminal): DownloaderOptions["askPassphrase"] {
  if (!Deno.stderr.isTerminal()) return undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (file, again) => {
    const wrong = again ? "That is not the passphrase. " : "";
    const question = `${wrong}Passphrase of ${visibleText(file)}: `;
    const asking = last.then(() => terminal.lend(() => ask(question)));
    last = asking;
    return asking;
  };
}

async function ask(question: string): Promise<string | undefined> {
  let tty: Deno.FsFile;
  try {
    tty = await Deno.open("/dev/tty", { read: true, write: true });
  } catch {
    return undefined;
  }
  using _tty = tty;
  // A terminal that shows nothing of what is typed would stay so after the process.
  const restore = () => tty.setRaw(false);
  addEventListener("unload", restore);
  try {
    // Signals come from the keyboard all the same.
    tty.setRaw(true, { cbreak: true });
    await tty.write(new TextEncoder().encode(question));
    return await readLine(tty);
  } finally {
    restore();
    removeEventListener("unload", restore);
    await tty.write(new Uint8Array([0x0a]));
  }
}

/** What is typed up to the end of the line; undefined if the terminal ends before. */
async function readLine(tty: Deno.FsFile): Promise<string | undefined> {
  const typed: number[] = [];
  const buffer = new Uint8Array(1024);
  for (let count = await tty.read(buffer); count !== null; count = await tty.read(buffer)) {
    for (const byte of buffer.subarray(0, count)) {
      if (byte === 0x0a || byte === 0x0d) return new TextDecoder().decode(new Uint8Array(typed));
      if (byte === END && typed.length === 0) return undefined;
      if (byte === CLEAR_LINE) typed.length = 0;
      else if (byte === BACKSPACE || byte === DELETE) dropCharacter(typed);
      else typed.push(byte);
    }
  }
  return undefined;
}

/** A character of UTF-8 may have several bytes, of which all but the first are continuations. */
function dropCharacter(typed: number[]): void {
  let dropped: number | undefined;
  do dropped = typed.pop(); while (dropped !== undefined && (dropped & 0xc0) === 0x80);
}
