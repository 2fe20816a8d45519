/** The files of a case: how many, and how long each is. */
export interface CaseFiles {
  readonly files: number;
  /** Length of a file in bytes; of the longest, where they differ. */
  readonly size: number;
  /** Length of each file, by its number. Default: `size` for all. */
  readonly sizes?: readonly number[];
}

/** The length of a file in bytes. */
export function sizeOfFile({ size, sizes }: CaseFiles, number: number): number {
  return sizes?.[number] ?? size;
}

/** The length of all files together in bytes. */
export function bytesOfFiles({ files, size, sizes }: CaseFiles): number {
  return sizes?.reduce((sum, each) => sum + each, 0) ?? files * size;
}
