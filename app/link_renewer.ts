import type { ExpiredLink, RenewedLink } from "../download/expired_link.ts";

/** How a {@linkcode LinkRenewer} works. */
export interface LinkRenewerOptions {
  /** What the shell is to run. */
  command: string;
  /** How long it may take, in milliseconds. Default 60000. */
  timeoutMs?: number;
  /** How many may run at a time. Default 4. */
  atOnce?: number;
  /** Starts the process that is given. Default: as it is. */
  start?: <T>(spawn: () => T) => T;
}

/** What is read of an output; a url is shorter. */
const OUTPUT_LIMIT = 64 * 1024;
/** So much of the name of the command is shown. */
const SHOWN = 100;
/** How long the pipes of a command may stay open after it. */
const LAST_WORDS_MS = 1000;

/**
 * Runs the command of `--refresh-cmd`. A shell (`sh -c`) runs it as the user wrote it: what comes from a task goes into
 * variables only, so nothing in a url can become part of a command, nor be seen in the list of processes.
 */
export class LinkRenewer implements Disposable {
  readonly #command: string;
  readonly #timeoutMs: number;
  readonly #start: <T>(spawn: () => T) => T;
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Set<Deno.ChildProcess>();
  #free: number;
  #disposed = false;

  /** @param options The command and its limits. */
  constructor({ command, timeoutMs = 60_000, atOnce = 4, start = (spawn) => spawn() }: LinkRenewerOptions) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
    this.#start = start;
    this.#free = atOnce;
  }

  /**
   * Asks the command for another url, when its turn comes.
   *
   * @param link The link that does not work any more.
   * @returns The new url, or what went wrong.
   */
  async renew(link: ExpiredLink): Promise<RenewedLink> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#run(link);
    } catch (error) {
      return this.#problem(`cannot be run: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  /** Ends what is running; nothing is run after it. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const child of this.#running) killGroup(child);
  }

  async #run(link: ExpiredLink): Promise<RenewedLink> {
    if (this.#disposed) return this.#problem("was stopped");
    const command = new Deno.Command("sh", {
      args: ["-c", this.#command],
      env: variables(link),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // A group of its own, so that all of a pipeline can be ended.
      detached: true,
    });
    const child = this.#start(() => command.spawn());
    this.#running.add(child);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child);
    }, this.#timeoutMs);
    let ended: ReturnType<typeof setTimeout> | undefined;
    try {
      const readers = [child.stdout.getReader(), child.stderr.getReader()] as const;
      const ending = child.status.then((status) => {
        // What the command has left behind may hold its pipes open, and has nothing more to say.
        ended = setTimeout(() => readers.forEach((reader) => void reader.cancel().catch(() => {})), LAST_WORDS_MS);
        return status;
      });
      const [output, complaint, { code, signal }] = await Promise.all([
        readSome(readers[0]),
        readSome(readers[1]),
        ending,
      ]);
      if (late) return this.#problem(`was not done after ${this.#timeoutMs / 1000} s`);
      if (this.#disposed) return this.#problem("was stopped");
      if (code !== 0) {
        const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
        return this.#problem(complaint.trim() === "" ? how : `${how}; what it said may be secret and is not shown`);
      }
      return this.#check(output);
    } finally {
      clearTimeout(timer);
      clearTimeout(ended);
      this.#running.delete(child);
    }
  }

  #check(output: string): RenewedLink {
    const text = output.trim();
    const url = /\s/.test(text) ? null : URL.parse(text);
    const known = url !== null && (url.protocol === "http:" || url.protocol === "https:");
    return known ? { type: "url", url: url.href } : this.#problem(`must print one http or https url: ${printed(text)}`);
  }

  /** The command is named by its first word: what follows may be secret. */
  #problem(what: string): RenewedLink {
    const [first = "", more] = this.#command.trim().split(/\s+/, 2);
    const name = `${first.slice(0, SHOWN)}${more === undefined ? "" : " …"}`;
    return { type: "problem", message: `--refresh-cmd (${name}) ${what}` };
  }
}

function variables({ url, id, out, attempt, status }: ExpiredLink): Record<string, string> {
  const values = {
    COREHAUL_URL: URL.parse(url)?.href ?? url,
    COREHAUL_ID: id,
    COREHAUL_OUT: out,
    COREHAUL_ATTEMPT: String(attempt),
    COREHAUL_STATUS: String(status),
  };
  // A variable cannot hold this character, and the command should run all the same.
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replaceAll("\0", "")]));
}

/** Reads to the end, but keeps no more than the beginning. */
async function readSome(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    if (text.length < OUTPUT_LIMIT) text += decoder.decode(piece.value, { stream: true });
  }
  return text;
}

/** What a message may tell of an output, all of which may be secret. */
function printed(text: string): string {
  if (text === "") return "it printed nothing";
  const lines = text.split("\n").length;
  const letters = text.length >= OUTPUT_LIMIT ? `${OUTPUT_LIMIT} characters and more` : `${text.length} characters`;
  return `it printed something else (${letters} in ${
    lines === 1 ? "1 line" : `${lines} lines`
  }), which may be secret and is not shown`;
}

function killGroup(child: Deno.ChildProcess): void {
  try {
    if (Deno.build.os === "windows") child.kill("SIGKILL");
    else Deno.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in this moment.
  }
}
