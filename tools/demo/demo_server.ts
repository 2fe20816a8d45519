import type { DemoFile } from "./demo_files.ts";

/** Most files take a moment, so that there is something to see. */
const LATENCY_MS = [80, 420] as const;
const TRICKLE_PIECES = 24;
const TRICKLE_MS = [80, 130] as const;

/** Serves the files of the demo on the loopback, each in its manner. */
export class DemoServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #files: ReadonlyMap<string, DemoFile>;
  readonly #asked = new Set<string>();
  readonly #closing = new AbortController();

  /** @param files What to serve. */
  constructor(files: readonly DemoFile[]) {
    this.#files = new Map(files.map((file) => [file.path, file]));
    const { signal } = this.#closing;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal, onListen: () => {} },
      (request) => this.#answer(new URL(request.url).pathname),
    );
  }

  /** The url of a file. */
  urlOf(file: DemoFile): string {
    return `http://127.0.0.1:${this.#server.addr.port}${file.path}`;
  }

  async #answer(path: string): Promise<Response> {
    await pause(between(LATENCY_MS));
    const file = this.#files.get(path);
    if (file === undefined || file.manner === "missing") return new Response("not here\n", { status: 404 });
    const first = !this.#asked.has(path);
    this.#asked.add(path);
    if (file.manner === "busy-once" && first) return new Response("come again\n", { status: 503 });
    const headers = { "content-length": String(file.bytes.length), "content-type": "application/octet-stream" };
    return new Response(file.manner === "trickle" ? trickle(file.bytes) : file.bytes, { headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#server.finished;
  }
}

function trickle(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  const size = Math.ceil(bytes.length / TRICKLE_PIECES);
  let from = 0;
  return new ReadableStream({
    async pull(controller) {
      await pause(between(TRICKLE_MS));
      controller.enqueue(bytes.slice(from, from += size));
      if (from >= bytes.length) controller.close();
    },
  });
}

function between([least, most]: readonly [number, number]): number {
  return least + Math.random() * (most - least);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
