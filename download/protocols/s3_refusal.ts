import { XMLParser } from "fast-xml-parser";
import type { Refusal } from "../download_driver.ts";
import { DownloadError } from "../download_error.ts";

/** Codes of what may pass, whatever the status is. */
const PASSING: ReadonlySet<string> = new Set([
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "InternalError",
  "OperationAborted",
  "PriorRequestNotComplete",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "RequestTimeout",
  "RequestTimeoutException",
  "ServiceUnavailable",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "TooManyRequestsException",
  "TransactionInProgressException",
]);
/** Codes of what stays as it is, whatever the status is. */
const LASTING: ReadonlySet<string> = new Set([
  "InvalidAccessKeyId",
  "MethodNotAllowed",
  "NotImplemented",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
]);
/** Codes of credentials that have ended. */
const ENDED: ReadonlySet<string> = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);
const CODE = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** A bucket's own host names the region in one of two ways. */
const AMAZON = /(?:^|\.)s3[.-]([a-z]+(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?$/;
const MOST_LETTERS = 300;

/** S3 refuses, and says why. */
export class S3RefusedError extends DownloadError {
  /** What it calls the reason, such as `NoSuchKey`; absent: it does not say. */
  readonly reason: string | undefined;
  /** The region in which the bucket is; absent: the server does not say. */
  readonly region: string | undefined;

  /**
   * @param refusal The answer.
   * @param note What else is to be said. Default: nothing.
   */
  constructor({ error, headers, text }: Refusal, note = "") {
    const { Code: code, Message: message, Region: region, Endpoint: endpoint = "" } = readError(text);
    const reason = code !== undefined && CODE.test(code) ? code : undefined;
    const why = reason === undefined ? "" : `: ${reason}${message === undefined ? "" : `: ${message}`}`;
    const { status = 0, retryAt, host } = error;
    const isElsewhere = status >= 300 && status < 400;
    const advice = isElsewhere ? "; see AWS_REGION and --s3-endpoint" : "";
    const fixed = reason !== undefined && (PASSING.has(reason) || LASTING.has(reason));
    super(isElsewhere ? "redirect" : error.kind, `${error.message}${why}${note}${advice}`, {
      cause: error,
      ...(status === 0 ? {} : { status }),
      ...(retryAt === undefined ? {} : { retryAt }),
      ...(host === undefined ? {} : { host }),
      ...(fixed ? { retryable: PASSING.has(reason), byStatus: false } : { retryable: error.retryable }),
    });
    this.reason = reason;
    const named = [headers.get("x-amz-bucket-region"), region, AMAZON.exec(endpoint)?.[1]];
    this.region = named.find((name): name is string => typeof name === "string" && REGION.test(name));
  }

  /** True if the credentials have ended, and new ones may do. */
  get credentialsEnded(): boolean {
    return this.reason !== undefined && ENDED.has(this.reason);
  }
}

/** The fields of an error as S3 writes it; none if the text is anything else. */
function readError(text: string): Record<string, string | undefined> {
  // A parser of XML takes more than that for XML.
  if (!/^\s*</.test(text)) return {};
  try {
    const parser = new XMLParser({ htmlEntities: true, parseTagValue: false });
    const fields: unknown = parser.parse(text)?.Error;
    if (typeof fields !== "object" || fields === null) return {};
    const texts = Object.entries(fields).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string" && entry[1] !== ""
    );
    return Object.fromEntries(texts.map(([name, value]) => [name, value.replace(/\s+/g, " ").slice(0, MOST_LETTERS)]));
  } catch {
    return {};
  }
}
