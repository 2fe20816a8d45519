import type { Logger } from "../base/logger.ts";
import { redactUrl } from "../base/redact_url.ts";
import { sizeText } from "../base/size_text.ts";
import { readContentEncoding } from "../download/content_encoding.ts";
import { taskHost } from "../queue/task_model.ts";
import { checksumCountText } from "./checksum_count.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import { ignoredFields } from "./ignored_fields.ts";
import { brokenText } from "./broken_text.ts";
import { lostText } from "./until_settled.ts";

const LINES = {
  en: {
    done: (file: string) => `Heave-ho, ${file} is hauled!`,
    unchanged: (file: string) => `${file} has not changed`,
    renamed: (file: string, original: string) =>
      `${file} is called "${original}" at its server, which is no name for a file here`,
    continued: (file: string, size: string) => `${file} was continued at ${size}`,
    odd: (host: string, encoding: string) =>
      `${host} says Content-Encoding "${encoding}", which is no coding: its files are stored as they were sent`,
    paused: (file: string) => `${file} is paused`,
    canceled: (file: string) => `${file} is canceled`,
    removed: (file: string) => `${file} is off the list`,
    failed: (error: string) => `Oh no, hauling went wrong: ${error}`,
  },
  zh: {
    done: (file: string) => `嘿咻嘿咻，${file} 搬运成功咯！`,
    unchanged: (file: string) => `${file} 没有变化`,
    renamed: (file: string, original: string) => `${file} 在服务器上叫“${original}”，这里不能用这个文件名`,
    continued: (file: string, size: string) => `${file} 从 ${size} 处续传`,
    odd: (host: string, encoding: string) =>
      `${host} 的 Content-Encoding 是“${encoding}”，那不是编码：它的文件按发来的样子保存`,
    paused: (file: string) => `${file} 已暂停`,
    canceled: (file: string) => `${file} 已取消`,
    removed: (file: string) => `${file} 已移出列表`,
    failed: (error: string) => `呜呜，搬砖出错了：${error}`,
  },
};

/** Turns news into log lines: one for each file, in the user's language, and one for whatever needs attention. */
export class TaskLog {
  readonly #logger: Logger;
  readonly #lines: typeof LINES.en;
  /** Hosts whose Content-Encoding was said to be none. */
  readonly #odd = new Set<string>();

  /**
   * @param logger Where the lines go.
   * @param lang The language of the lines about files.
   */
  constructor(logger: Logger, lang: "en" | "zh") {
    this.#logger = logger;
    this.#lines = LINES[lang];
  }

  /** Logs an event. */
  write(news: DownloaderNews): void {
    const log = this.#logger;
    switch (news.type) {
      case "task_done":
        log.info(news.unchanged ? this.#lines.unchanged(news.out) : this.#lines.done(news.out));
        if (news.continuedAt !== undefined) log.info(this.#lines.continued(news.out, sizeText(news.continuedAt)));
        if (news.originalName !== undefined) log.info(this.#lines.renamed(news.out, news.originalName));
        if (news.contentEncoding !== undefined) this.#writeOdd(taskHost(news.url), news.contentEncoding);
        break;
      case "task_paused":
        log.info(this.#lines.paused(news.out));
        break;
      case "task_canceled":
        log.info(this.#lines.canceled(news.out));
        break;
      case "task_removed":
        log.info(this.#lines.removed(news.out));
        break;
      case "task_failed":
        log.error(this.#lines.failed(`${redactUrl(news.url)}: ${news.error.message}`));
        break;
      case "task_retry":
        log.warn(
          `${redactUrl(news.url)}: ${news.error.message}; attempt ${news.attempts + 1} at ${
            new Date(news.notBefore).toISOString()
          }`,
        );
        break;
      case "entry_refused":
        log.error(`${place(news.file, news.line)}entry ${news.index} is not taken: ${news.field} ${news.message}`);
        break;
      case "fields_ignored":
        log.warn(`${news.file}: ${ignoredFields(news.names)}`);
        break;
      case "tasks_invalid":
        log.error(`${place(news.file, news.line, news.column)}the task file is not valid: ${news.message}`);
        break;
      case "tasks_missing":
        log.warn(`${news.file}: there is no such task file yet`);
        break;
      case "tasks_read":
        log.debug(`${news.file}: ${news.entries} entries`);
        break;
      case "checksums_found":
        log[news.found > 0 ? "info" : "warn"](checksumCountText(news));
        break;
      case "tasks_added":
        log.info(`${news.added} tasks added, ${news.duplicates} known already`);
        break;
      case "tasks_changed":
        log.info(`${news.changed} tasks changed, as their entries did`);
        break;
      case "tasks_synced":
        log.info(`${news.file}: ${news.canceled} tasks canceled that it does not name any more, ${news.returned} back`);
        break;
      case "tasks_forgotten":
        log.debug(`${news.tasks} tasks forgotten that were settled long ago`);
        break;
      case "tasks_reclaimed":
        log.warn(`${news.tasks} tasks of a process that is dead or stands still went back to the list`);
        break;
      case "tasks_lost":
        log.error(lostText(news));
        break;
      case "records_broken":
        log.error(brokenText({ total: news.records, keys: news.keys }));
        break;
      case "tasks_asked_again":
        log.info(`${news.tasks} tasks that are done are asked for again`);
        break;
      case "link_renewed":
        log.info(`${news.url}: goes on at ${news.renewed}`);
        break;
      case "files_recovered":
        log.warn(
          `A dead process left ${news.named} whole files, which have their names now, and ${news.removed} unfinished ones, which are gone`,
        );
        break;
      case "space_low":
        log.warn(`${news.free} bytes are free, and ${news.floor} are to stay so: nothing starts until there is more`);
        break;
      case "space_back":
        log.info(`${news.free} bytes are free again`);
        break;
      case "space_missing":
        log.error(
          `There has been no ${news.forbidden ? "permission to write" : "space"} for ${
            news.ms / 1000
          } s: what is waiting stays on the list (--disk-wait)`,
        );
        break;
      case "window_closed":
        log.info(`It is not the time: nothing starts before ${new Date(news.opensAt).toISOString()}`);
        break;
      case "window_opened":
        log.info("It is the time: downloads start");
        break;
      case "list_silent":
        log.warn(`The task list does not answer: ${news.reason}; trying again`);
        break;
      case "list_back":
        log.info("The task list answers again");
        break;
      case "files_limited":
        log.warn(news.message);
        break;
      case "owner_lost":
        log.error("This process was silent for too long: others have its tasks, and it starts again");
        break;
      case "proc_unpinned":
        log.warn(`${news.proc} runs unpinned: ${news.error.message}`);
        break;
      case "proc_crashed":
        log.error(`${news.proc} died, ${news.tasks} tasks went back to the list: ${news.error.message}`);
        break;
      case "proc_started":
        log.debug(`${news.proc} runs on ${news.pinned ? `core ${news.core}` : "any core"}`);
        break;
    }
  }

  /** Says once a host that it has files which are not decoded, as nothing says how. */
  #writeOdd(host: string, encoding: string): void {
    if (this.#odd.has(host) || !readContentEncoding(encoding).odd) return;
    this.#odd.add(host);
    this.#logger.warn(this.#lines.odd(host, encoding));
  }
}

function place(file: string | undefined, line?: number, column?: number): string {
  if (file === undefined) return "";
  return `${[file, line, column].filter((part) => part !== undefined).join(":")}: `;
}
