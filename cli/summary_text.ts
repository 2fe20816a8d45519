import { type RunSummary, sizeText } from "../mod.ts";
import { type Lang, speedText } from "./human.ts";

const WORDS = {
  en: {
    all: (files: number, size: string, seconds: string, speed: string, rate: string) =>
      `${files} files, ${size} in ${seconds} s: ${speed}, ${rate} files/s`,
    work: (retries: number, failures: number, refused: number) =>
      `${retries} retries, ${failures} failures, ${refused} entries refused`,
    list: "the list now: ",
    states: {
      done: "done",
      failed: "failed",
      waiting: "waiting",
      running: "running",
      paused: "paused",
      canceled: "canceled",
    },
    join: ", ",
    core: "core",
    scheme: "scheme",
    columns: ["done", "failed", "retries", "bytes"],
  },
  zh: {
    all: (files: number, size: string, seconds: string, speed: string, rate: string) =>
      `${files} 个文件，${size}，用时 ${seconds} 秒：${speed}，${rate} 个/秒`,
    work: (retries: number, failures: number, refused: number) =>
      `重试 ${retries} 次，失败 ${failures} 个，拒绝条目 ${refused} 个`,
    list: "列表现状：",
    states: { done: "完成", failed: "失败", waiting: "等待", running: "进行中", paused: "已暂停", canceled: "已取消" },
    join: "，",
    core: "核心",
    scheme: "协议",
    columns: ["完成", "失败", "重试", "字节"],
  },
};

/**
 * What a run did, for people: a few lines and a table of cores.
 *
 * @param summary What it did.
 * @param lang The language.
 */
export function summaryText(summary: RunSummary, lang: Lang): string {
  const words = WORDS[lang];
  const seconds = Math.max(summary.ms, 1) / 1000;
  const { counts, schemes } = summary;
  const states = [
    ...(["done", "failed", "waiting", "running"] as const),
    ...(["paused", "canceled"] as const).filter((status) => counts[status] > 0),
  ];
  const speed = speedText(summary.bytes / seconds);
  const lines = [
    words.all(summary.done, sizeText(summary.bytes), seconds.toFixed(1), speed, (summary.done / seconds).toFixed(0)),
    words.work(summary.retried, summary.failed, summary.refused),
    words.list + states.map((status) => `${counts[status]} ${words.states[status]}`).join(words.join),
    "",
    ...table(words.core, words.columns, summary.cores.map((core) => ({ ...core, name: core.core }))),
  ];
  // Lists of web addresses are the rule: there the table would say nothing new.
  if (schemes.length > 1 || schemes.some(({ scheme }) => !scheme.startsWith("http"))) {
    lines.push(
      "",
      ...table(words.scheme, words.columns, schemes.map((scheme) => ({ ...scheme, name: scheme.scheme }))),
    );
  }
  return lines.join("\n");
}

function table(
  title: string,
  columns: readonly string[],
  rows: readonly { name: string | number; done: number; failed: number; retried: number; bytes: number }[],
): string[] {
  const width = Math.max(columnsOf(title), ...rows.map(({ name }) => String(name).length));
  const line = (name: string, cells: readonly string[]) =>
    `${padded(name, width)} ${cells.map((cell, i) => padded(cell, i === 3 ? 12 : 8)).join(" ")}`;
  return [
    line(title, columns),
    ...rows.map(({ name, done, failed, retried, bytes }) =>
      line(String(name), [String(done), String(failed), String(retried), sizeText(bytes)])
    ),
  ];
}

function padded(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - columnsOf(text))) + text;
}

/** How many columns a heading takes: Chinese characters take two. */
function columnsOf(text: string): number {
  return text.length + (text.match(/\p{Script=Han}/gu)?.length ?? 0);
}
