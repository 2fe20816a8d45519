import { redactUrl } from "../base/redact_url.ts";
import type { SpaceWish, TaskError, TaskErrorKind } from "../queue/task_model.ts";
import { LookupError } from "./lookup_error.ts";
import { tlsFailure } from "./tls_failures.ts";

/** What {@linkcode DownloadError} knows beside its message. */
export interface DownloadErrorInit extends ErrorOptions {
  /** The HTTP status, if an answer came. */
  status?: number;
  /**
   * The earliest time for another try, in milliseconds since the epoch: the server named it, or a name is not looked up again
   * before.
   */
  retryAt?: number;
  /** True if another attempt could succeed. Default: by kind and status. */
  retryable?: boolean;
  /** False if `retryable` holds whatever the user wants to be tried again by its status. Default true. */
  byStatus?: boolean;
  /** The host and port that answered. */
  host?: string;
  /** True if the disk is full: the task waits until that is over. */
  full?: boolean;
  /** The space that the file takes, where the disk is full. Default: it is not known. */
  space?: SpaceWish | undefined;
}

// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g;

const RETRYABLE_KINDS: ReadonlySet<TaskErrorKind> = new Set(["network", "timeout"]);

/** A download did not succeed. */
export class DownloadError extends Error {
  /** Always `"download"`. */
  readonly code = "download";
  /** The class of the failure. */
  readonly kind: TaskErrorKind;
  /** The HTTP status, if an answer came. */
  readonly status: number | undefined;
  /** The earliest time for another try. */
  readonly retryAt: number | undefined;
  /** True if another attempt could succeed. */
  readonly retryable: boolean;
  /** False if that holds whatever the user wants to be tried again by its status. */
  readonly byStatus: boolean;
  /** The host and port that answered. */
  readonly host: string | undefined;
  /** True if the disk is full. */
  readonly full: boolean;
  /** The space that the file takes, if the disk is full and that is known. */
  readonly space: SpaceWish | undefined;

  /**
   * @param kind The class of the failure.
   * @param message What happened; urls in it must be redacted. Servers have a say in it, so it loses control characters.
   * @param init Status, retry advice and cause.
   */
  constructor(kind: TaskErrorKind, message: string, init: DownloadErrorInit = {}) {
    super(message.replace(CONTROLS, " "), init);
    this.name = "DownloadError";
    this.kind = kind;
    this.status = init.status;
    this.retryAt = init.retryAt;
    this.host = init.host;
    this.byStatus = init.byStatus ?? true;
    this.full = init.full ?? false;
    this.space = init.space;
    this.retryable = init.retryable ??
      (RETRYABLE_KINDS.has(kind) || (init.status !== undefined && isRetryableStatus(init.status)));
  }

  /** True if the host itself wants to be left alone, whatever it is asked for. */
  get cools(): boolean {
    return this.status === 429 || this.status === 503;
  }

  /** The error as the task keeps it. */
  toTaskError(at: number): TaskError {
    return {
      kind: this.kind,
      message: this.message,
      ...(this.status === undefined ? {} : { status: this.status }),
      retryable: this.retryable,
      at,
      ...(this.space === undefined ? {} : { space: this.space }),
    };
  }
}

/** The same error, with something more to say. */
export function withNote(error: DownloadError, note: string): DownloadError {
  const { kind, message, status, retryAt, retryable, byStatus, host, full, space } = error;
  return new DownloadError(kind, `${message}; ${note}`, {
    ...(status === undefined ? {} : { status }),
    ...(retryAt === undefined ? {} : { retryAt }),
    ...(host === undefined ? {} : { host }),
    full,
    space,
    retryable,
    byStatus,
    cause: error,
  });
}

/** True for the statuses that time may cure: 408, 425, 429 and all of 5xx. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status <= 599);
}

/** What the runtimes' texts of failures mean; they have no codes. */
interface NetworkFailure {
  says: RegExp;
  kind: TaskErrorKind;
  retryable: boolean;
  note?: string;
}

const PASSING = { kind: "network", retryable: true, note: "" } as const;

/** The first that fits counts; whatever is not here may pass. */
const NETWORK_FAILURES: readonly NetworkFailure[] = [
  // A name that nobody knows now may be known in a moment: name servers fail, networks come up late.
  {
    says: /dns error|failed to lookup address|getaddrinfo|ENOTFOUND|EAI_AGAIN|name has no address/i,
    ...PASSING,
    note: "the name cannot be looked up: ",
  },
];

/** Anything that a network call threw, as a {@linkcode DownloadError} that names the host and no secret. */
export function networkError(error: unknown, url: string): DownloadError {
  if (error instanceof DownloadError) return error;
  const { host } = new URL(redactUrl(url));
  if (error instanceof LookupError) {
    const { kind, message, retryAt } = error;
    return new DownloadError(kind, `${host}: ${message}`, { cause: error, retryAt });
  }
  // The runtime repeats the whole url, with the keys in it, or that of a redirect; it has no blank, but may have brackets.
  const detail = reasonOf(error)
    .replace(/\s*(for url )?\([a-z][a-z0-9+.-]*:\/\/\S*\)/gi, "")
    .replace(/\s*(for )?[a-z][a-z0-9+.-]*:\/\/\S*/gi, "")
    .replaceAll(url, "")
    .replace(/\s+/g, " ");
  const tls = tlsFailure(detail);
  // Neither a certificate that does not hold nor one that the server wants of us gets better by itself.
  if (tls !== undefined) {
    return new DownloadError(tls.kind, `${host}: ${tls.message}`, { cause: error, retryable: false });
  }
  const { kind, retryable, note = "" } = NETWORK_FAILURES.find(({ says }) => says.test(detail)) ?? PASSING;
  return new DownloadError(kind, `${host}: ${note}${detail}`, { cause: error, retryable });
}

/** What an error says; `fetch` says it in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && !message.includes(cause.message) ? `${message}: ${reasonOf(cause)}` : message;
}

/** Ends a download that is to go back to the list, uncounted. */
export class StoppedError extends Error {
  override name = "StoppedError";
}
