// deno-lint-ignore-file no-import-prefix -- served as a JSR package, where no import map applies
/**
 * Stand-in for `jsr:@std/fmt/colors` in a checkout. Every function wraps its text in one ANSI style, or returns it as
 * it is when colors are off (`NO_COLOR`, or {@linkcode setColorEnabled}).
 *
 * @module
 */
import * as untyped from "npm:deno-std@1.3.1/fmt/colors.js";

/** A color by its channels, 0 to 255 each. */
export interface Rgb {
  /** Red. */
  r: number;
  /** Green. */
  g: number;
  /** Blue. */
  b: number;
}

/** Turns colors on or off for the whole process. */
export const setColorEnabled: (value: boolean) => void = untyped.setColorEnabled;
/** Whether colors are on. */
export const getColorEnabled: () => boolean = untyped.getColorEnabled;
/** Takes all ANSI escape codes out of a text. */
export const stripAnsiCode: (string: string) => string = untyped.stripAnsiCode;
/** Text in a color of the 256-color palette. */
export const rgb8: (str: string, color: number) => string = untyped.rgb8;
/** Background of the 256-color palette. */
export const bgRgb8: (str: string, color: number) => string = untyped.bgRgb8;
/** Text in a 24-bit color. */
export const rgb24: (str: string, color: number | Rgb) => string = untyped.rgb24;
/** Background in a 24-bit color. */
export const bgRgb24: (str: string, color: number | Rgb) => string = untyped.bgRgb24;
/** Text with the style `reset`. */
export const reset: (str: string) => string = untyped.reset;
/** Text with the style `bold`. */
export const bold: (str: string) => string = untyped.bold;
/** Text with the style `dim`. */
export const dim: (str: string) => string = untyped.dim;
/** Text with the style `italic`. */
export const italic: (str: string) => string = untyped.italic;
/** Text with the style `underline`. */
export const underline: (str: string) => string = untyped.underline;
/** Text with the style `inverse`. */
export const inverse: (str: string) => string = untyped.inverse;
/** Text with the style `hidden`. */
export const hidden: (str: string) => string = untyped.hidden;
/** Text with the style `strikethrough`. */
export const strikethrough: (str: string) => string = untyped.strikethrough;
/** Text in the color `black`. */
export const black: (str: string) => string = untyped.black;
/** Text in the color `red`. */
export const red: (str: string) => string = untyped.red;
/** Text in the color `green`. */
export const green: (str: string) => string = untyped.green;
/** Text in the color `yellow`. */
export const yellow: (str: string) => string = untyped.yellow;
/** Text in the color `blue`. */
export const blue: (str: string) => string = untyped.blue;
/** Text in the color `magenta`. */
export const magenta: (str: string) => string = untyped.magenta;
/** Text in the color `cyan`. */
export const cyan: (str: string) => string = untyped.cyan;
/** Text in the color `white`. */
export const white: (str: string) => string = untyped.white;
/** Text in the color `gray`. */
export const gray: (str: string) => string = untyped.gray;
/** Text in the color `brightBlack`. */
export const brightBlack: (str: string) => string = untyped.brightBlack;
/** Text in the color `brightRed`. */
export const brightRed: (str: string) => string = untyped.brightRed;
/** Text in the color `brightGreen`. */
export const brightGreen: (str: string) => string = untyped.brightGreen;
/** Text in the color `brightYellow`. */
export const brightYellow: (str: string) => string = untyped.brightYellow;
/** Text in the color `brightBlue`. */
export const brightBlue: (str: string) => string = untyped.brightBlue;
/** Text in the color `brightMagenta`. */
export const brightMagenta: (str: string) => string = untyped.brightMagenta;
/** Text in the color `brightCyan`. */
export const brightCyan: (str: string) => string = untyped.brightCyan;
/** Text in the color `brightWhite`. */
export const brightWhite: (str: string) => string = untyped.brightWhite;
/** Background `bgBlack`. */
export const bgBlack: (str: string) => string = untyped.bgBlack;
/** Background `bgRed`. */
export const bgRed: (str: string) => string = untyped.bgRed;
/** Background `bgGreen`. */
export const bgGreen: (str: string) => string = untyped.bgGreen;
/** Background `bgYellow`. */
export const bgYellow: (str: string) => string = untyped.bgYellow;
/** Background `bgBlue`. */
export const bgBlue: (str: string) => string = untyped.bgBlue;
/** Background `bgMagenta`. */
export const bgMagenta: (str: string) => string = untyped.bgMagenta;
/** Background `bgCyan`. */
export const bgCyan: (str: string) => string = untyped.bgCyan;
/** Background `bgWhite`. */
export const bgWhite: (str: string) => string = untyped.bgWhite;
