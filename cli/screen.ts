import { styleText } from "node:util";
import cliTruncate from "cli-truncate";
import stringWidth from "string-width";
import {
  type CoreProgress,
  type DownloaderProgress,
  fileForecast,
  type FileProgress,
  type ListProgress,
} from "../mod.ts";
import { continuedText, etaText, type Lang, shareText, speedText } from "./human.ts";
import { opensText, PROGRESS_WORDS } from "./progress_words.ts";
import { visibleText } from "./visible_text.ts";
import { bar } from "./progress_line.ts";

const BAR = 30;
/** So long the bar stays when there is room for nothing else. */
const LEAST_BAR = 10;
const LOAD_BAR = 10;
const MOST_FILES = 5;
/** So many columns are left to the name of a file. */
const LEAST_NAME = 12;
const GAP = "  ";
/** Below the block is the line of the cursor. */
const CURSOR_ROWS = 1;

/** How a screen looks. */
export interface ScreenLook {
  /** The language. */
  lang: Lang;
  /** Use colours. */
  colors: boolean;
}

/** What the terminal has room for. */
export interface ScreenRoom {
  /** Columns of a line. */
  columns: number;
  /** Lines of the terminal. */
  rows: number;
}

type Color = "red" | "green" | "dim";

/** A part of a line; those with a lower rank leave it first when it is too long. */
interface Part {
  text: string;
  rank: number;
  color?: Color;
}

/** Draws what a downloader does: all of it, the largest running files, and one line a core. */
export class Screen {
  readonly #look: ScreenLook;

  /** @param look How it looks. */
  constructor(look: ScreenLook) {
    this.#look = look;
  }

  /**
   * Makes the block to show.
   *
   * @param list How far the list has come.
   * @param own What this process does of it.
   * @param room What there is room for; no line is longer, and there are no more lines.
   * @returns Some lines.
   */
  render(list: ListProgress, own: DownloaderProgress, { columns, rows }: ScreenRoom): string {
    const most = Math.max(1, rows - CURSOR_ROWS);
    const lines = [this.#first(list, own, columns)];
    lines.push(...this.#files(own.files, columns, Math.min(MOST_FILES, most - lines.length)));
    lines.push(...this.#cores(own.cores, columns, most - lines.length));
    return lines.join("\n");
  }

  #first(list: ListProgress, { opensAt }: DownloaderProgress, columns: number): string {
    const { lang } = this.#look;
    const words = PROGRESS_WORDS[lang];
    const { settled, total, percent, bytes, totalBytes, estimated, speed, filesPerSecond, etaMs, counts } = list;
    const open = counts.waiting + counts.running > 0;
    const parts: Part[] = [
      { text: `${percent}%`, rank: 7 },
      { text: words.files(settled, total), rank: 4 },
      { text: shareText(bytes, totalBytes, lang, estimated), rank: 2 },
      { text: speedText(speed), rank: 3 },
      { text: words.filesPerSecond(filesPerSecond.toFixed(0)), rank: 1 },
      ...(counts.failed > 0 ? [{ text: words.failed(counts.failed), rank: 5, color: "red" as const }] : []),
      ...(opensAt !== undefined
        ? [{ text: opensText(opensAt, lang), rank: 6 }]
        : !open
        ? []
        : [{ text: etaMs === undefined ? "ETA …" : etaText(etaMs, lang, estimated), rank: 6 }]),
    ];
    const text = this.#fit(parts, columns - Math.min(LEAST_BAR, columns) - 1);
    const length = Math.min(BAR, columns - (text.width === 0 ? 0 : text.width + 1));
    const drawn = this.#paint(bar(percent / 100, length), "green");
    return text.width === 0 ? drawn : `${drawn} ${text.line}`;
  }

  #files(files: readonly FileProgress[], columns: number, most: number): string[] {
    if (most <= 0 || files.length === 0) return [];
    const shown = files.slice(0, files.length > most ? most - 1 : most);
    const names = shown.map(({ out }) => visibleText(out));
    const longest = Math.max(0, ...names.map((name) => stringWidth(name)));
    const room = columns - GAP.length * 2 - Math.min(longest, LEAST_NAME);
    const cells = fitTable(shown.map((file) => this.#fileParts(file)), room);
    const width = Math.max(0, ...cells.map((text) => stringWidth(text)));
    const nameWidth = Math.max(1, Math.min(longest, columns - GAP.length * 2 - width));
    const lines = names.map((name, i) =>
      cut(`${GAP}${padded(cut(name, nameWidth), nameWidth)}${GAP}${cells[i]}`, columns)
    );
    if (shown.length === files.length) return lines.map((line) => line.trimEnd());
    const more = `${GAP}${PROGRESS_WORDS[this.#look.lang].moreFiles(files.length - shown.length)}`;
    return [...lines.map((line) => line.trimEnd()), this.#paint(cut(more, columns), "dim")];
  }

  #fileParts(file: FileProgress): Part[] {
    const { lang } = this.#look;
    const { percent, etaMs } = fileForecast(file);
    return [
      { text: (percent === undefined ? "" : `${percent}%`).padStart(4), rank: 5 },
      { text: shareText(file.bytes, file.size, lang), rank: 3 },
      { text: speedText(file.speed), rank: 2 },
      { text: etaMs === undefined ? "" : etaText(etaMs, lang), rank: 4 },
      { text: file.continuedAt === undefined ? "" : continuedText(file.continuedAt, lang), rank: 1 },
    ];
  }

  #cores(cores: readonly CoreProgress[], columns: number, most: number): string[] {
    if (most <= 0) return [];
    const shown = cores.slice(0, cores.length > most ? most - 1 : most);
    const lines = shown.map((core) => this.#core(core, columns));
    if (shown.length === cores.length) return lines;
    const more = PROGRESS_WORDS[this.#look.lang].moreCores(cores.length - shown.length);
    return [...lines, this.#paint(cut(more, columns), "dim")];
  }

  #core(core: CoreProgress, columns: number): string {
    const words = PROGRESS_WORDS[this.#look.lang];
    const load = `${words.load} ${bar(core.load / 100, LOAD_BAR)} ${String(core.load).padStart(3)}%`;
    const { line } = this.#fit([
      { text: `${words.core} ${String(core.core).padEnd(3)} ${load}`, rank: 4 },
      { text: `${words.limit} ${String(core.limit).padEnd(4)}`, rank: 1 },
      { text: `${words.active} ${String(core.active).padEnd(4)}`, rank: 2 },
      { text: `${words.done} ${core.done}`, rank: 3 },
    ], columns);
    return this.#paint(line.trimEnd(), "dim");
  }

  /** As many of the parts as have room, those of the highest rank. */
  #fit(parts: readonly Part[], columns: number): { line: string; width: number } {
    let kept = [...parts];
    const widthOf = () => kept.reduce((sum, { text }) => sum + stringWidth(text) + GAP.length, -GAP.length);
    while (kept.length > 0 && widthOf() > columns) {
      const lowest = Math.min(...kept.map(({ rank }) => rank));
      kept = kept.filter(({ rank }) => rank !== lowest);
    }
    const line = kept.map(({ text, color }) => color === undefined ? text : this.#paint(text, color)).join(GAP);
    return { line, width: kept.length === 0 ? 0 : widthOf() };
  }

  #paint(text: string, color: Color): string {
    // Whoever made the screen knows whether the terminal has colours.
    return this.#look.colors ? styleText(color, text, { validateStream: false }) : text;
  }
}

/** Rows of the same parts below each other; those of the lowest rank leave all rows until these have room. */
function fitTable(rows: readonly (readonly Part[])[], columns: number): string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => stringWidth(row[at]!.text)))) ?? [];
  let kept = widths.map((_, at) => at).filter((at) => widths[at]! > 0);
  const width = () => kept.reduce((sum, at) => sum + widths[at]! + GAP.length, -GAP.length);
  while (kept.length > 0 && width() > columns) {
    const lowest = Math.min(...kept.map((at) => rows[0]![at]!.rank));
    kept = kept.filter((at) => rows[0]![at]!.rank !== lowest);
  }
  return rows.map((row) => kept.map((at) => padded(row[at]!.text, widths[at]!)).join(GAP));
}

function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

function cut(text: string, columns: number): string {
  return cliTruncate(text, Math.max(1, columns), { position: "middle" });
}
