import { findProgram } from "./find_program.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

const LISTENING = "listening";

/** What runs the script of a {@linkcode ScriptServer}, and what the script begins with. */
const LANGUAGES = {
  python: {
    program: "python3",
    name: "python3",
    first: `
import sys
port, path = int(sys.argv[1]), sys.argv[2]
def log(line):
    with open(path, "a") as file:
        file.write(line + "\\n")
`,
  },
  node: {
    program: "node",
    name: "nodejs",
    first: `
const [, , port, path] = process.argv;
const log = (line) => require("node:fs").appendFileSync(path, line + "\\n");
`,
  },
} as const;

/** A server that is a short script of Python or Node, on a free loopback port: their own HTTP is what is tested against. */
export class ScriptServer implements AsyncDisposable {
  readonly #server: ServerProcess;
  readonly #log: string;

  private constructor(server: ServerProcess, log: string) {
    this.#server = server;
    this.#log = log;
  }

  /**
   * Starts it.
   *
   * @param language What it is written in.
   * @param script Listens on `port` of the loopback, says `log("listening")` then, and logs each request by a line.
   * @param files What it finds in its folder, which it runs in.
   */
  static async start(
    language: keyof typeof LANGUAGES,
    script: string,
    files: Readonly<Record<string, string>> = {},
  ): Promise<ScriptServer> {
    const { program, name, first } = LANGUAGES[language];
    const path = await findProgram(program, ["--version"], name);
    const home = await TempDir.create();
    const log = home.join("requests.log");
    for (const [name, text] of Object.entries(files)) await home.write(name, text);
    const file = await home.write(language === "python" ? "server.py" : "server.cjs", first + script);
    const server = await ServerProcess.start(home, {
      name: `the script in ${language}`,
      ports: 1,
      command: async ([port]) => {
        await home.write("requests.log", "");
        return { path, args: [file, String(port), log, home.path] };
      },
      answers: async () => (await Deno.readTextFile(log)).startsWith(`${LISTENING}\n`),
    });
    return new ScriptServer(server, log);
  }

  /** Its port. */
  get port(): number {
    return this.#server.ports[0]!;
  }

  /** The start of every url, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it has logged, line by line. */
  async requests(): Promise<string[]> {
    return (await Deno.readTextFile(this.#log)).split("\n").filter((line) => line !== "" && line !== LISTENING);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}
