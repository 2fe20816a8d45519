import { AccessLog, type LoggedRequest } from "./access_log.ts";
import { findProgram } from "./find_program.ts";
import { ServerProcess } from "./server_process.ts";
import { TempDir } from "./temp_dir.ts";

/** A real Caddy that serves a folder on the loopback by http, and by https with HTTP/2; a process with files of its own. */
export class CaddyServer implements AsyncDisposable {
  readonly #process: ServerProcess;

  /** The start of every http url, without a slash at the end. */
  readonly url: string;
  /** The same for https, for the name `localhost`. */
  readonly tlsUrl: string;
  /** What it was asked. */
  readonly log: AccessLog;

  private constructor(process: ServerProcess, log: AccessLog) {
    this.#process = process;
    this.url = `http://127.0.0.1:${process.ports[0]}`;
    this.tlsUrl = `https://localhost:${process.ports[1]}`;
    this.log = log;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param root The folder to serve.
   * @param tls Its certificate for `localhost` and the key, in PEM.
   * @param lines Further lines for both of its sites.
   * @throws {Error} If Caddy is not installed or does not come up.
   */
  static async start(
    root: string,
    tls: { cert: string; key: string },
    lines: readonly string[] = [],
  ): Promise<CaddyServer> {
    const path = await findProgram("caddy", ["version"]);
    const home = await TempDir.create();
    await home.write("cert.pem", tls.cert);
    await home.write("key.pem", tls.key);
    const ready = crypto.randomUUID();
    const process = await ServerProcess.start(home, {
      name: "caddy",
      ports: 2,
      command: async (ports) => {
        await home.write("Caddyfile", configuration(root, home, ports, ready, lines));
        return { path, args: ["run", "--adapter", "caddyfile", "--config", home.join("Caddyfile")] };
      },
      answers: async ([port]) => await (await fetch(`http://127.0.0.1:${port}/${ready}`)).text() === ready,
    });
    return new CaddyServer(process, new AccessLog(home.join("access.log"), readLine));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

function readLine(line: string): LoggedRequest {
  const { status, request } = JSON.parse(line);
  return { status, path: request.uri, protocol: request.proto };
}

function configuration(
  root: string,
  home: TempDir,
  [port, tlsPort]: readonly number[],
  ready: string,
  more: readonly string[],
): string {
  return [
    "{",
    "  admin off",
    "  auto_https off",
    `  storage file_system ${home.path}`,
    "  servers {",
    "    protocols h1 h2",
    "  }",
    "}",
    "(common) {",
    "  bind 127.0.0.1",
    `  root * ${root}`,
    `  respond /${ready} ${ready}`,
    "  file_server",
    "  log {",
    `    output file ${home.join("access.log")}`,
    "    format json",
    "  }",
    ...more.map((line) => `  ${line}`),
    "}",
    `http://127.0.0.1:${port} {`,
    "  import common",
    "}",
    `https://localhost:${tlsPort} {`,
    `  tls ${home.join("cert.pem")} ${home.join("key.pem")}`,
    "  import common",
    "}",
    "",
  ].join("\n");
}
