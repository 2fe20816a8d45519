import { dirname } from "@std/path";
import { AccessLog } from "./access_log.ts";
import { findProgram } from "./find_program.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

const MODULES = "/usr/lib/apache2/modules";
const LOADED = [
  ...["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "dir", "env", "filter"],
  ...["headers", "mime", "ratelimit", "deflate", "alias", "setenvif"],
];

/** A real Apache httpd on a free loopback port that serves a folder; one process with files of its own. */
export class ApacheServer implements AsyncDisposable {
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
   * @param root The folder to serve, with its `.htaccess` files. If root starts it, everybody may read this folder and
   * enter the one above, as Apache then serves as another user.
   * @param lines Further lines of its configuration.
   * @throws {Error} If Apache is not installed or does not come up.
   */
  static async start(root: string, lines: readonly string[] = []): Promise<ApacheServer> {
    const path = await findProgram("apache2", ["-v"]);
    const home = await TempDir.create();
    if (Deno.uid() === 0) { for (const folder of [home.path, root, dirname(root)]) await Deno.chmod(folder, 0o755); }
    const ready = crypto.randomUUID();
    const process = await ServerProcess.start(home, {
      name: "apache2",
      ports: 1,
      command: async ([port]) => {
        await home.write("apache.conf", configuration(root, home, port!, ready, lines));
        return { path, args: ["-X", "-d", home.path, "-f", home.join("apache.conf")] };
      },
      answers: async ([port]) => {
        const response = await fetch(`http://127.0.0.1:${port}/${ready}`);
        await response.body?.cancel();
        return response.headers.get("x-ready") === ready;
      },
    });
    return new ApacheServer(process, new AccessLog(home.join("access.log"), readLine));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

function readLine(line: string): { status: number; protocol: string; path: string } {
  const [status, protocol, ...path] = line.split(" ");
  return { status: Number(status), protocol: protocol!, path: path.join(" ") };
}

function configuration(root: string, home: TempDir, port: number, ready: string, more: readonly string[]): string {
  return [
    ...LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    "ServerName 127.0.0.1",
    `Listen 127.0.0.1:${port}`,
    // Apache refuses to serve as root.
    ...(Deno.uid() === 0 ? ["User www-data", "Group www-data"] : []),
    `DefaultRuntimeDir ${home.path}`,
    `PidFile ${home.join("apache.pid")}`,
    `Mutex file:${home.path} default`,
    "ServerLimit 1",
    "ThreadsPerChild 150",
    "MaxRequestWorkers 150",
    `ErrorLog ${home.join("said.log")}`,
    'LogFormat "%>s %H %U%q" short',
    `CustomLog ${home.join("access.log")} short`,
    "TypesConfig /dev/null",
    `DocumentRoot ${root}`,
    `<Directory ${root}>`,
    "  Require all granted",
    "  AllowOverride All",
    "</Directory>",
    `<Location /${ready}>`,
    `  Header always set X-Ready ${ready}`,
    "</Location>",
    ...more,
    "",
  ].join("\n");
}
