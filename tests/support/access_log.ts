import { until } from "./until.ts";

/** One request in the log of a server. */
export interface LoggedRequest {
  /** The status of the answer. */
  status: number;
  /** The path as the client sent it. */
  path: string;
  /** The version of HTTP that it came by, such as `HTTP/1.1`. */
  protocol: string;
}

/** Reads one line of a log; undefined if it is about something else. */
export type ReadLogLine = (line: string) => LoggedRequest | undefined;

/** The access log of a server, which writes a request down only some time after the client has its answer. */
export class AccessLog {
  readonly #path: string;
  readonly #read: ReadLogLine;

  /** Reads the log at `path`. */
  constructor(path: string, read: ReadLogLine) {
    this.#path = path;
    this.#read = read;
  }

  /** The requests that are in it so far, oldest first. */
  async requests(): Promise<LoggedRequest[]> {
    const text = await Deno.readTextFile(this.#path);
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    return whole.split("\n").map((line) => line === "" ? undefined : this.#read(line)).filter((line) =>
      line !== undefined
    );
  }

  /** Waits until such a request is in it. */
  async until(what: string, is: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    let seen: LoggedRequest[] = [];
    return await until(what, async () => {
      seen = await this.requests();
      return seen.find(is);
    }, { detail: () => JSON.stringify(seen.slice(-20)) });
  }
}
