import { bareUrl } from "../base/bare_url.ts";
import { redactUrl } from "../base/redact_url.ts";
import type { CfgSettings } from "../config/cfg_settings.ts";
import type { SshPorts } from "../download/protocols/ssh_access.ts";
import type { AnswerTo, WorkerQuestion } from "../workers/proc_messages.ts";
import type { StartProcess } from "./aws_processes.ts";
import type { DownloaderNews } from "./downloader_event.ts";
import type { DownloaderOptions } from "./downloader_options.ts";
import { LinkRenewer } from "./link_renewer.ts";

/**
 * Does for workers, and for who looks into folders, what only the main thread may do: run the user's command, and read the
 * user's files about SSH and S3. What that needs is loaded with the first question.
 */
export class WorkerAnswers implements Disposable {
  readonly #settings: CfgSettings;
  readonly #renewer: LinkRenewer | undefined;
  readonly #news: (news: DownloaderNews) => void;
  readonly #start: StartProcess;
  readonly #ask: DownloaderOptions["askPassphrase"];
  #ssh: Promise<SshPorts> | undefined;

  /**
   * @param settings The settings.
   * @param news Told of new links.
   * @param start Starts the user's commands. Default: as any process.
   * @param options Asks the user for passphrases. Default: nobody is asked.
   */
  constructor(
    settings: CfgSettings,
    news: (news: DownloaderNews) => void = () => {},
    start: StartProcess = (spawn) => spawn(),
    { askPassphrase }: Pick<DownloaderOptions, "askPassphrase"> = {},
  ) {
    this.#settings = settings;
    this.#ask = askPassphrase;
    this.#news = news;
    this.#start = start;
    const { refreshCmd } = settings;
    this.#renewer = refreshCmd === undefined ? undefined : new LinkRenewer({ command: refreshCmd, start });
  }

  /** Answers a question; a failure is an answer too. */
  async answer<Q extends WorkerQuestion>(question: Q): Promise<AnswerTo<Q>> {
    try {
      return await this.#find(question) as AnswerTo<Q>;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { type: "problem", message } as AnswerTo<Q>;
    }
  }

  /** Ends what is running. */
  [Symbol.dispose](): void {
    this.#renewer?.[Symbol.dispose]();
  }

  async #find(question: WorkerQuestion): Promise<AnswerTo<WorkerQuestion>> {
    switch (question.type) {
      case "renew": {
        const { link } = question;
        const answer = await this.#renewer?.renew(link) ??
          { type: "problem" as const, message: "there is no --refresh-cmd" };
        if (answer.type === "url") {
          this.#news({ type: "link_renewed", id: link.id, url: redactUrl(link.url), renewed: bareUrl(answer.url) });
        }
        return answer;
      }
      case "ssh":
        return await (await this.#sshFiles()).access(question.question);
      case "trust": {
        const message = await (await this.#sshFiles()).trust(question.line);
        return message === undefined ? { type: "done" } : { type: "problem", message };
      }
      case "s3":
        return await (await import("./s3_account.ts")).s3Account(this.#settings, this.#start);
    }
  }

  #sshFiles(): Promise<SshPorts> {
    return this.#ssh ??= import("./ssh_files.ts").then(({ SshFiles }) =>
      new SshFiles(this.#settings, undefined, this.#ask)
    );
  }
}
