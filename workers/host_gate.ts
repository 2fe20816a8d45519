import type { HostAnswers } from "../download/host_answers.ts";
import type { HostTable } from "../download/host_table.ts";
import type { NameLookups } from "../download/name_lookups.ts";
import { taskHost } from "../queue/task_model.ts";
import { urlHost } from "../queue/url_host.ts";

/** Whether a host may be asked for a file now. */
export type GateAnswer =
  /** Yes; say so when it is over. */
  | { type: "open" }
  /** Not before this time, whatever happens. */
  | { type: "closed"; until: number }
  /**
   * Not now: as many as may are at it, or the next one is due in a moment; `unanswered` if it has never answered, and somebody
   * waits for that.
   */
  | { type: "full"; unanswered?: true };

/** Stands between a worker and the hosts. */
export interface HostGate {
  /** The host at which a task would begin, however the gate names it; an empty name is never held up. */
  hostOf(task: { url: string; mirrors?: readonly string[] }): string;
  /**
   * Asks to begin.
   *
   * @param host As {@linkcode HostGate.hostOf} names it.
   * @param url The url of the task.
   */
  enter(host: string, url: string): GateAnswer;
  /** It is over. */
  leave(host: string): void;
  /** How it stands with hosts that have never answered; absent: they are asked like all others. */
  readonly firsts?: FirstAnswers | undefined;
}

/** What a worker knows of hosts that have never answered. */
export interface FirstAnswers {
  /** The worker has so many places: three quarters of them, at the most, may wait for first answers. */
  places(count: number): void;
  /** True if as many as may wait for first answers. */
  readonly full: boolean;
  /** Changes whenever a host has answered for the first time, or it is known where one is. */
  readonly heard: number;
  /** True if a request to the host was given up: it is asked after those that were never asked. */
  isSilent(host: string): boolean;
}

/** What the gate needs of the look-ups. */
type Names = Pick<NameLookups, "prepare" | "ended">;

/** The schemes whose hosts are those of their urls. */
const LOOKED_UP: ReadonlySet<string> = new Set(["http:", "https:", "ftp:", "ftps:", "ftpes:"]);
const OPEN: GateAnswer = { type: "open" };
const FULL: GateAnswer = { type: "full" };
const UNANSWERED: GateAnswer = { type: "full", unanswered: true };
/** The part of the places that may wait for first answers. */
const FIRSTS_PART = 0.75;
/** A request that is due sooner is waited for in place. */
const SOON_MS = 250;

/** The gate of one worker, by what all workers of the process know of the hosts. */
export class SharedHostGate implements HostGate {
  readonly #table: HostTable;
  readonly #capped: boolean;
  readonly #maxWaitMs: number;
  readonly #names: Names | undefined;
  readonly firsts: FirstAnswers | undefined;

  /**
   * @param table What is known of the hosts.
   * @param capped True if connections or requests to a host are limited; otherwise only cooling counts.
   * @param maxWaitMs How long a host may ask to be left alone. Tasks of one that asks for more are held up by nobody: they
   * begin, and fail before they ask it.
   * @param names Looks up where hosts are that have never answered, so that no download holds a place for that. Default: each
   * download does it by itself.
   */
  constructor(table: HostTable, capped: boolean, maxWaitMs: number, names?: Names) {
    this.#table = table;
    this.#capped = capped;
    this.#maxWaitMs = maxWaitMs;
    this.#names = names;
    this.firsts = table.answers && firstAnswers(table.answers, names);
  }

  hostOf({ url, mirrors }: { url: string; mirrors?: readonly string[] }): string {
    // Nearly always there is nothing to look up.
    if (!this.#capped && !this.#table.cooling) return "";
    const { host } = urlHost(url);
    const { answers } = this.#table;
    if (mirrors !== undefined && answers?.isSilent(host) === true) {
      const other = this.#talking(mirrors, answers);
      if (other !== undefined) return other;
    }
    if (!this.#table.cooling && answers?.anyGivenUp !== true) return host;
    const soonest = mirrors === undefined ? host : this.#soonest(host, mirrors);
    // Nothing holds up what fails without a request.
    const fails = this.#table.coolUntil(soonest) - Date.now() > this.#maxWaitMs ||
      (answers?.isGivenUp(soonest) ?? false);
    return fails ? "" : soonest;
  }

  /** The first host that may be asked and was not silent. */
  #talking(mirrors: readonly string[], answers: HostAnswers): string | undefined {
    for (const mirror of mirrors) {
      const { host } = urlHost(mirror);
      if (host !== "" && !answers.isSilent(host) && this.#closedUntil(host) === 0) return host;
    }
    return undefined;
  }

  /** The first host that may be asked, else the one that may be soonest. */
  #soonest(first: string, mirrors: readonly string[]): string {
    let soonest = first;
    let until = this.#closedUntil(first);
    for (let i = 0; i < mirrors.length && until > 0; i++) {
      const host = taskHost(mirrors[i]!);
      const its = this.#closedUntil(host);
      if (its >= until) continue;
      soonest = host;
      until = its;
    }
    return soonest;
  }

  #closedUntil(host: string): number {
    return this.#table.answers?.isGivenUp(host) ? Infinity : this.#table.coolUntil(host);
  }

  enter(host: string, url: string): GateAnswer {
    if (host === "") return OPEN;
    if (this.#names !== undefined && this.#table.answers?.capOf(host) === 0 && !isKnown(this.#names, host, url)) {
      return UNANSWERED;
    }
    if (!this.#capped) {
      const until = this.#table.coolUntil(host);
      return until === 0 ? OPEN : { type: "closed", until };
    }
    const grant = this.#table.tryAcquire(host);
    switch (grant.type) {
      case "ok":
        return OPEN;
      case "cooling":
        return { type: "closed", until: grant.until };
      case "paced":
        return grant.until - Date.now() > SOON_MS ? { type: "closed", until: grant.until } : FULL;
      case "capped":
        return FULL;
      case "unanswered":
        return UNANSWERED;
    }
  }

  leave(host: string): void {
    if (host !== "" && this.#capped) this.#table.release(host);
  }
}

/** True if it is known where a host is, or that nobody knows it. */
function isKnown(names: Names, host: string, url: string): boolean {
  const parsed = URL.parse(url);
  // The names of other schemes may stand for other hosts, and a mirror may be meant.
  if (parsed === null || parsed.host !== host || !LOOKED_UP.has(parsed.protocol)) return true;
  return names.prepare(parsed.hostname.replace(/^\[|\]$/g, ""));
}

function firstAnswers(answers: HostAnswers, names: Names | undefined): FirstAnswers {
  return {
    places: (count) => answers.mostFirsts = Math.max(1, Math.floor(count * FIRSTS_PART)),
    get full() {
      return answers.firstsFull;
    },
    get heard() {
      return answers.heard + (names?.ended ?? 0);
    },
    isSilent: (host) => answers.isSilent(host),
  };
}
