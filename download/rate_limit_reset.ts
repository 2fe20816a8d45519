import { parseDictionary, parseList } from "structured-headers";
import { retryAfter } from "./retry_after.ts";

/** A limit of a server. */
interface RateLimit {
  /** Requests that are left; undefined if the server does not say. */
  left: number | undefined;
  /** When there are more again, as the field has it. */
  reset: string;
}

/**
 * When a server takes requests again, where it says so in the fields of rate limits only: `RateLimit` (of the drafts of the IETF),
 * `RateLimit-Reset` or `X-RateLimit-Reset`. The first that can be read counts; its values are those of {@linkcode retryAfter}.
 *
 * @param status The status of the answer: only with 429 and 503 the fields are about the next request. Servers send them
 * with all answers, so a 503 has another reason where requests are left.
 * @param headers The fields of the answer.
 * @param now Milliseconds since the epoch.
 * @returns Milliseconds since the epoch; undefined if nothing is said.
 *
 * @example
 * ```ts
 * import { rateLimitReset } from "./rate_limit_reset.ts";
 *
 * rateLimitReset(429, new Headers({ RateLimit: '"api";r=0;t=60' }), 0); // 60000
 * ```
 */
export function rateLimitReset(
  status: number,
  headers: { get(name: string): string | null },
  now: number,
): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  for (const limits of [standard(headers), single(headers, "ratelimit"), single(headers, "x-ratelimit")]) {
    const usedUp = limits.filter(({ left }) => left === 0);
    const meant = usedUp.length > 0 ? usedUp : limits.filter(({ left }) => status === 429 || left === undefined);
    const at = retryAfter(meant.map(({ reset }) => reset).join(), now);
    if (at !== undefined) return at;
  }
  return undefined;
}

function single(headers: { get(name: string): string | null }, prefix: string): RateLimit[] {
  const reset = headers.get(`${prefix}-reset`);
  if (reset === null) return [];
  const left = headers.get(`${prefix}-remaining`)?.trim() ?? "";
  return [{ reset, left: /^\d+$/.test(left) ? Number(left) : undefined }];
}

/** `"name";r=0;t=60, …`, and before the eighth draft `limit=100, remaining=0, reset=60`. */
function standard(headers: { get(name: string): string | null }): RateLimit[] {
  const field = headers.get("ratelimit") ?? "";
  const list = orNone(() => parseList(field)) ?? [];
  const limits = list.map(([, parameters]) => limitOf(parameters.get("r"), parameters.get("t")));
  const members = orNone(() => parseDictionary(field));
  limits.push(limitOf(members?.get("remaining")?.[0], members?.get("reset")?.[0]));
  return limits.filter((limit) => limit !== undefined);
}

function limitOf(left: unknown, reset: unknown): RateLimit | undefined {
  if (typeof reset !== "number") return undefined;
  return { left: typeof left === "number" ? left : undefined, reset: String(reset) };
}

function orNone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
