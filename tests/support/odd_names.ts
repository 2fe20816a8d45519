/** Names of files of which each has something that urls, protocols or systems take for something else. */
export const ODD_NAMES: readonly string[] = [
  "with space.txt",
  "no extension",
  "trailing.dots...",
  "100%.txt",
  "100%25.txt",
  "percent%2Fslash.txt",
  "a+b&c=d.txt",
  "hash#tag.txt",
  "what?.txt",
  "quote'\"quote.txt",
  "ünïcödé-文件-😀.bin",
  "~tilde;colon.txt",
  "[brackets]{braces}.txt",
  "CON",
];
