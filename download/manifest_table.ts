/** Where a line of the manifest is. */
export interface ManifestPlace {
  /** The number of its file. */
  file: number;
  /** Where it begins there. */
  offset: number;
}

const FIRST_CAPACITY = 1024;
const NONE = 0xffffffff;

/**
 * Which line of a manifest is the newest for a path, without the lines: some 40 bytes for each, so that a million of
 * them fit into memory. Paths are known by 64 bits that nobody can foresee; whoever reads the line sees whether it is
 * the right one.
 */
export class ManifestTable {
  readonly #seeds = crypto.getRandomValues(new Uint32Array(4));
  #size = 0;
  #heads = new Uint32Array(FIRST_CAPACITY * 2).fill(NONE);
  #next = new Uint32Array(FIRST_CAPACITY);
  #low = new Uint32Array(FIRST_CAPACITY);
  #high = new Uint32Array(FIRST_CAPACITY);
  /** Who wrote it in which claim: what takes a line back says that. */
  #claims = new Uint32Array(FIRST_CAPACITY);
  #files = new Uint32Array(FIRST_CAPACITY);
  #offsets = new Float64Array(FIRST_CAPACITY);
  #finished = new Float64Array(FIRST_CAPACITY);
  #void = new Uint8Array(FIRST_CAPACITY);

  /** How many lines it knows, those included that were taken back. */
  get size(): number {
    return this.#size;
  }

  /** How many paths have a line that was not taken back. */
  countPaths(): number {
    let count = 0;
    for (let index = 0; index < this.#size; index++) {
      if (this.#void[index] === 0 && !this.#hasEarlier(index)) count++;
    }
    return count;
  }

  /** Notes a line. */
  add(
    writer: string,
    { out, fence, finishedAt }: { out: string; fence: string; finishedAt: number },
    place: ManifestPlace,
  ): void {
    if (this.#size === this.#next.length) this.#grow();
    const index = this.#size++;
    this.#low[index] = hash(out, this.#seeds[0]!);
    this.#high[index] = hash(out, this.#seeds[1]!);
    this.#claims[index] = this.#claim(writer, fence);
    this.#files[index] = place.file;
    this.#offsets[index] = place.offset;
    this.#finished[index] = finishedAt;
    this.#link(index);
  }

  /** Takes the line of a claim back. */
  void(writer: string, { out, void: fence }: { out: string; void: string }): void {
    const claim = this.#claim(writer, fence);
    for (const index of this.#all(out)) if (this.#claims[index] === claim) this.#void[index] = 1;
  }

  /** Where the newest line for a path is; of two of the same time the one that was noted last. */
  find(out: string): ManifestPlace | undefined {
    const newest = this.#newest(out);
    return newest === NONE ? undefined : { file: this.#files[newest]!, offset: this.#offsets[newest]! };
  }

  /** Where the lines for a path are, the newest first. */
  findAll(out: string): ManifestPlace[] {
    const lines = [...this.#all(out)].filter((index) => this.#void[index] === 0);
    lines.sort((a, b) => this.#finished[b]! - this.#finished[a]!);
    return lines.map((index) => ({ file: this.#files[index]!, offset: this.#offsets[index]! }));
  }

  /** True if the line at a place is the newest for its path. */
  isNewest(out: string, place: ManifestPlace): boolean {
    const newest = this.#newest(out);
    return newest !== NONE && this.#files[newest] === place.file && this.#offsets[newest] === place.offset;
  }

  #newest(out: string): number {
    let newest = NONE;
    // They come newest noted first.
    for (const index of this.#all(out)) {
      if (this.#void[index] === 1) continue;
      if (newest === NONE || this.#finished[index]! > this.#finished[newest]!) newest = index;
    }
    return newest;
  }

  *#all(out: string): Generator<number, void, void> {
    const [low, high] = [hash(out, this.#seeds[0]!), hash(out, this.#seeds[1]!)];
    let index = this.#heads[low & (this.#heads.length - 1)]!;
    for (; index !== NONE; index = this.#next[index]!) {
      if (this.#low[index] === low && this.#high[index] === high) yield index;
    }
  }

  /** True if a line for the same path was noted before. */
  #hasEarlier(line: number): boolean {
    let index = this.#next[line]!;
    for (; index !== NONE; index = this.#next[index]!) {
      const isSame = this.#low[index] === this.#low[line] && this.#high[index] === this.#high[line];
      if (isSame && this.#void[index] === 0) return true;
    }
    return false;
  }

  #claim(writer: string, fence: string): number {
    return (hash(writer, this.#seeds[2]!) ^ hash(fence, this.#seeds[3]!)) >>> 0;
  }

  #link(index: number): void {
    const bucket = this.#low[index]! & (this.#heads.length - 1);
    this.#next[index] = this.#heads[bucket]!;
    this.#heads[bucket] = index;
  }

  #grow(): void {
    const capacity = this.#next.length * 2;
    this.#next = new Uint32Array(capacity);
    this.#low = copied(this.#low, new Uint32Array(capacity));
    this.#high = copied(this.#high, new Uint32Array(capacity));
    this.#claims = copied(this.#claims, new Uint32Array(capacity));
    this.#files = copied(this.#files, new Uint32Array(capacity));
    this.#offsets = copied(this.#offsets, new Float64Array(capacity));
    this.#finished = copied(this.#finished, new Float64Array(capacity));
    this.#void = copied(this.#void, new Uint8Array(capacity));
    this.#heads = new Uint32Array(capacity * 2).fill(NONE);
    for (let index = 0; index < this.#size; index++) this.#link(index);
  }
}

function copied<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** 32 bits of a text; two of them with seeds of their own hardly ever agree for two texts. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) + (value >>> 15) | 0;
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return (value ^ value >>> 16) >>> 0;
}
