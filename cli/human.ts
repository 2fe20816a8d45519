import { type FileForecast, fileForecast, type RunningFile, sizeText } from "../mod.ts";

/** The language of what people read. */
export type Lang = "en" | "zh";

const UNITS = {
  en: { d: "d", h: "h", min: "min", s: "s", of: "of", about: "about ", continued: "continued at" },
  zh: { d: "天", h: "小时", min: "分", s: "秒", of: "/", about: "约 ", continued: "续传自" },
};
const STEPS = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]] as const;

/** A speed: `3.1 MiB/s`. */
export function speedText(bytesPerSecond: number): string {
  return `${sizeText(bytesPerSecond)}/s`;
}

/** What is there of what will be: `12.8 MiB of 28 MiB`. */
export function shareText(bytes: number, total: number | undefined, lang: Lang, estimated = false): string {
  const { of, about } = UNITS[lang];
  return total === undefined ? sizeText(bytes) : `${sizeText(bytes)} ${of} ${estimated ? about : ""}${sizeText(total)}`;
}

/** How long something takes, in its two largest units: `6 s`, `1 min 20 s`, `2 h 5 min`. */
export function durationText(ms: number, lang: Lang): string {
  let seconds = Math.ceil(ms / 1000);
  const first = Math.max(0, STEPS.findIndex(([, length]) => seconds >= length));
  if (seconds === 0) return `0 ${UNITS[lang].s}`;
  // Minutes are nothing beside days.
  const parts: string[] = [];
  for (const [unit, length] of STEPS.slice(first, first + 2)) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) parts.push(`${count} ${UNITS[lang][unit]}`);
  }
  return parts.join(" ");
}

/** When the rest will be there: `ETA 6 s`, `ETA about 6 s`. */
export function etaText(ms: number, lang: Lang, estimated = false): string {
  return `ETA ${estimated ? UNITS[lang].about : ""}${durationText(ms, lang)}`;
}

/** Where an earlier download ended: `continued at 12.8 MiB`. */
export function continuedText(bytes: number, lang: Lang): string {
  return `${UNITS[lang].continued} ${sizeText(bytes)}`;
}

/** How far a file has come, part by part, the most important ones first. */
export function fileParts(file: RunningFile, lang: Lang): string[] {
  const { bytes, size, speed, continuedAt } = file;
  const { percent, etaMs }: FileForecast = fileForecast(file);
  return [
    ...(percent === undefined ? [] : [`${percent}%`]),
    ...(etaMs === undefined ? [] : [etaText(etaMs, lang)]),
    shareText(bytes, size, lang),
    speedText(speed),
    ...(continuedAt === undefined ? [] : [continuedText(continuedAt, lang)]),
  ];
}
