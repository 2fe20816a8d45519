import type { Differing, None } from "../base/differing.ts";
import type { Logger } from "../base/logger.ts";
import { CfgError, type CfgProblem } from "../config/cfg_error.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import { isRedisAddress, parseRedisAddress } from "../config/redis_address.ts";
import { KV_PATIENCE_MS } from "../queue/kv_store.ts";
import { OWNER_LEASE_MS } from "../queue/owner_lease.ts";
import type { OpenTaskListOptions } from "./open_task_list.ts";

/** How long a command that only asks goes on without an answer. */
const ASK_PATIENCE_MS = 10_000;
/** How long a run does: what it downloads meanwhile is not lost. */
const RUN_PATIENCE_MS = 600_000;
/** How long an answer may take, unless a lease is too short for that. */
const ANSWER_MS = 10_000;

/** What says how to open a list. */
export interface TaskListSettings {
  /** Its address. */
  readonly queue: string;
  /** Which of the lists on a Redis. */
  readonly namespace: string;
  /** The file of the certificates that vouch for a Redis. Default: those that the system trusts. */
  readonly queueCa?: string;
  /** The file of the client certificate for it. Default: none. */
  readonly queueCert?: string;
  /** The file of its key. Default: that of the certificate. */
  readonly queueKey?: string;
  /** Wait for a Redis that does not answer yet. */
  readonly waitQueue: boolean;
  /**
   * How long to go on without a list that does not answer any more, or is locked. Default 10 minutes for a run, else 10 seconds;
   * for a file 30 seconds.
   */
  readonly queueTimeoutMs?: number;
  /** How long a run may be silent before others take its tasks. Default 15 seconds. */
  readonly leaseMs?: number;
  /** Downloads from one host at a time of all machines; 0: any number. */
  readonly fleetPerHost: number;
}

type OfTheTable = Pick<CfgSettings, keyof TaskListSettings & keyof CfgSettings>;
type _EachIsASetting = None<Differing<Required<TaskListSettings>, Required<OfTheTable>>>;

/**
 * How to open the list that the settings name; reads the files of its certificates.
 *
 * @param settings The settings.
 * @param runs True for a list that a run works off.
 * @param logger Warned of what endangers the list. Default: nobody is.
 * @throws {CfgError} If a file cannot be read, or an option is for another kind of list.
 */
export async function taskListOptions(
  settings: TaskListSettings,
  runs = false,
  logger?: Pick<Logger, "warn">,
): Promise<OpenTaskListOptions> {
  const problems: CfgProblem[] = [];
  const bad = (field: keyof TaskListSettings, message: string) => problems.push({ field, source: "options", message });
  const { queue, namespace, fleetPerHost } = settings;
  const redis = isRedisAddress(queue);
  const parsed = redis ? parseRedisAddress(queue) : undefined;
  const read = async (field: "queueCa" | "queueCert" | "queueKey", flag: string): Promise<string | undefined> => {
    const file = settings[field];
    if (file === undefined) return undefined;
    const cannot = (must: string) => bad(field, `Cannot use ${flag} as it must be ${must}: current value is "${file}"`);
    if (parsed?.type !== "address" || !parsed.address.tls) {
      cannot("for a list at rediss://");
      return undefined;
    }
    try {
      return await Deno.readTextFile(file);
    } catch (error) {
      cannot(`a file in PEM that can be read (${error instanceof Error ? error.message : error})`);
      return undefined;
    }
  };
  const ca = await read("queueCa", "--queue-ca");
  const cert = await read("queueCert", "--queue-cert");
  const key = await read("queueKey", "--queue-key") ?? cert;
  if (settings.queueKey !== undefined && settings.queueCert === undefined) {
    bad(
      "queueKey",
      `Cannot use --queue-key as it must come with --queue-cert: current value is "${settings.queueKey}"`,
    );
  }
  if (fleetPerHost > 0 && !redis) {
    bad(
      "fleetPerHost",
      `Cannot use --fleet-per-host as the list must be on Redis, which machines share: current value is ${fleetPerHost}`,
    );
  }
  if (problems.length > 0) throw new CfgError(problems);
  return {
    namespace,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    },
    wait: settings.waitQueue,
    ...(logger === undefined ? {} : { warn: (message) => void logger.warn(message) }),
    patienceMs: settings.queueTimeoutMs ?? (!redis ? KV_PATIENCE_MS : runs ? RUN_PATIENCE_MS : ASK_PATIENCE_MS),
    // A connection that has died must be found before the lease is over, with time for a heartbeat over another one.
    answerMs: Math.min(ANSWER_MS, (settings.leaseMs ?? OWNER_LEASE_MS) * 2 / 3),
    ...(fleetPerHost > 0 ? { hostCap: fleetPerHost } : {}),
  };
}
