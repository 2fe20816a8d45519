import { libcLibrary } from "../../ffi/libc_library.ts";

/** Copies of this process's open descriptors, as a child has them between its fork and its exec. */
export class ForkedCopies implements Disposable {
  readonly #copies: number[] = [];
  readonly #libc = Deno.dlopen(libcLibrary()!, {
    dup: { parameters: ["i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });

  /** @param path The file whose descriptors are copied. */
  constructor(path: string) {
    const { dev, ino } = Deno.statSync(path);
    for (const { name } of Deno.readDirSync("/proc/self/fd")) {
      const copied = statOf(`/proc/self/fd/${name}`);
      if (copied?.dev === dev && copied.ino === ino) this.#copies.push(this.#libc.symbols.dup(Number(name)));
    }
    if (this.#copies.length === 0) throw new Error(`This process has not opened ${path}`);
  }

  [Symbol.dispose](): void {
    for (const copy of this.#copies) this.#libc.symbols.close(copy);
    this.#libc.close();
  }
}

/** What a descriptor leads to; undefined if it was closed meanwhile. */
function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
