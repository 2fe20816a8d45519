/**
 * What a task file holds before anything of it is checked.
 *
 * @module
 */

import type { GrowingForm } from "./growing_form.ts";

/** One entry as it stands in the file. */
export interface RawEntry {
  /** Its place in the file, from 0. */
  index: number;
  /** The line on which it starts, from 1. */
  line: number;
  /** What it says: any JSON value, the text of a line of a plain list, or a `RefusedEntry`. */
  value: unknown;
  /** Its bytes as text, to tell whether it changed. */
  text: string;
}

/** What the scan of a task file returns at the end. */
export interface ScanEnd {
  /** True if the last line of a list of lines has no line break: it may still be growing. */
  endsOpen: boolean;
  /** The names of what means nothing to a task, and was left out; absent: nothing was. */
  ignored?: readonly string[];
  /** The form of the file, if entries can be added at its end. */
  form?: GrowingForm;
}
