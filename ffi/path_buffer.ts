/** The longest path that Linux takes, with the zero byte at its end. */
const PATH_MAX = 4096;

const encoder = new TextEncoder();

/** Where a path stands as the C library reads it: in UTF-8, with a zero byte at its end. */
export class PathBuffer {
  /** The bytes. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(PATH_MAX);

  /** Writes a path; false if it does not fit, or could be read as another one. */
  fill(path: string): boolean {
    const { read, written } = encoder.encodeInto(path, this.bytes);
    if (read < path.length || written === this.bytes.length || path.includes("\0")) return false;
    this.bytes[written] = 0;
    return true;
  }
}
