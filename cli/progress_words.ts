import type { ListProgress } from "../mod.ts";
import { etaText, type Lang, shareText, speedText } from "./human.ts";

/** What the screen and the lines about progress say, by language. */
export const PROGRESS_WORDS = {
  en: {
    files: (settled: number, total: number) => `${settled}/${total} files`,
    filesPerSecond: (count: string) => `${count} files/s`,
    failed: (count: number) => `${count} failed`,
    starts: (when: string) => `starts at ${when}`,
    core: "core",
    load: "load",
    limit: "limit",
    active: "active",
    done: "done",
    moreFiles: (count: number) => `and ${count} more`,
    moreCores: (count: number) => `and ${count} more cores`,
    of: (settled: number, total: number) => `${settled} of ${total} ${total === 1 ? "file" : "files"}`,
    join: ", ",
  },
  zh: {
    files: (settled: number, total: number) => `${settled}/${total} 个文件`,
    filesPerSecond: (count: string) => `${count} 个/秒`,
    failed: (count: number) => `${count} 个失败`,
    starts: (when: string) => `${when} 开始`,
    core: "核心",
    load: "负载",
    limit: "上限",
    active: "在跑",
    done: "完成",
    moreFiles: (count: number) => `还有 ${count} 个`,
    moreCores: (count: number) => `还有 ${count} 个核心`,
    of: (settled: number, total: number) => `${settled}/${total} 个文件`,
    join: "，",
  },
};

/** How far a list has come, in one line: done of all, percent, bytes, speed, time left, failures. */
export function progressLine(progress: Omit<ListProgress, "files">, lang: Lang, opensAt?: number): string {
  const { settled, total, percent, bytes, totalBytes, speed, etaMs, estimated, counts } = progress;
  const words = PROGRESS_WORDS[lang];
  return [
    words.of(settled, total),
    `${percent}%`,
    shareText(bytes, totalBytes, lang, estimated),
    speedText(speed),
    ...(opensAt === undefined
      ? etaMs === undefined ? [] : [etaText(etaMs, lang, estimated)]
      : [opensText(opensAt, lang)]),
    words.failed(counts.failed),
  ].join(words.join);
}

/** When the next window opens. */
export function opensText(opensAt: number, lang: Lang): string {
  return PROGRESS_WORDS[lang].starts(new Date(opensAt).toLocaleString("sv"));
}
