import { AccessLog, type LoggedRequest } from "./access_log.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

/** Debian's own Python comes first: its packages are not there for another one. */
const PYTHONS = ["/usr/bin/python3", "python3"];

/** Answers by HTTP/1.1, each request in a thread, and logs each to standard error. */
const SERVE = `
import sys
from httpbin import app
from werkzeug.serving import WSGIRequestHandler, make_server

class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_request(self, code="-", size="-"):
        # In one piece: others write at the same time.
        sys.stderr.write(f"request {int(code)} {self.request_version} {self.path}\\n")

make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=Handler).serve_forever()
`;

/** A real httpbin on a free loopback port: answers of every kind, made on demand. */
export class HttpbinServer implements AsyncDisposable {
  readonly #process: ServerProcess;

  /** The start of every url, without a slash at the end. */
  readonly url: string;
  /** What it was asked. */
  readonly log: AccessLog;

  private constructor(process: ServerProcess, log: AccessLog) {
    this.#process = process;
    this.url = `http://127.0.0.1:${process.ports[0]}`;
    this.log = log;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @throws {Error} If httpbin is not installed or does not come up.
   */
  static async start(): Promise<HttpbinServer> {
    const path = await findPython();
    const home = await TempDir.create();
    const ready = crypto.randomUUID();
    const process = await ServerProcess.start(home, {
      name: "httpbin",
      ports: 1,
      command: ([port]) => Promise.resolve({ path, args: ["-c", SERVE, `${port}`] }),
      answers: async ([port]) => {
        const response = await fetch(`http://127.0.0.1:${port}/response-headers?x-ready=${ready}`);
        await response.body?.cancel();
        return response.headers.get("x-ready") === ready;
      },
    });
    return new HttpbinServer(process, new AccessLog(home.join("said.log"), readLine));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

function readLine(line: string): LoggedRequest | undefined {
  const [, status, protocol, path] = line.match(/^request (\d{3}) (\S+) (.*)$/) ?? [];
  return path === undefined ? undefined : { status: Number(status), protocol: protocol!, path };
}

async function findPython(): Promise<string> {
  for (const path of PYTHONS) {
    try {
      const { success } = await new Deno.Command(path, { args: ["-c", "import httpbin"], stdin: "null" }).output();
      if (success) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(
    'Cannot find httpbin, which the tests need: install it, on Debian by "apt-get install python3-httpbin"',
  );
}
