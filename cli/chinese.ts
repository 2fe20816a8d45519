import { CHINESE_PHRASES } from "./chinese_phrases.ts";

/** So the log says that a file is there. */
const DONE = "嘿咻嘿咻，";
/** Behind this the log says why a file failed. */
const FAILED = "呜呜，搬砖出错了：";
/** Where a sentence is put together of two. */
const JOINTS = [["; ", "；"], [": ", "："]] as const;

interface Phrase {
  pattern: RegExp;
  chinese: string;
  /** Which of the places are said in words. */
  words: readonly boolean[];
}

let phrases: readonly Phrase[] | undefined;

/**
 * What the command line says, in Chinese. What the system or a server says in English stays as it is, and so does every
 * name, url and number.
 *
 * @param text One line.
 */
export function inChinese(text: string): string {
  // There is one for each file.
  if (text.startsWith(DONE)) return text;
  if (text.startsWith(FAILED)) return FAILED + inChinese(text.slice(FAILED.length));
  return translated(text) ?? text;
}

function translated(text: string): string | undefined {
  phrases ??= CHINESE_PHRASES.map(compiled);
  for (const { pattern, chinese, words } of phrases) {
    const found = pattern.exec(text);
    if (found === null) continue;
    let next = 0;
    return chinese.replace(/\{(\*|\d*)\}/g, (_, which: string) => {
      const place = /^\d+$/.test(which) ? Number(which) - 1 : next++;
      const value = found[place + 1]!;
      return words[place] ? inChinese(value) : value;
    });
  }
  for (const [english, chinese] of JOINTS) {
    for (let at = text.indexOf(english); at >= 0; at = text.indexOf(english, at + 1)) {
      const [left, right] = [text.slice(0, at), text.slice(at + english.length)];
      const rest = translated(right);
      if (rest === undefined) continue;
      const first = translated(left);
      // Behind a url stands what ends it.
      return first === undefined ? left + english + rest : first + chinese + rest;
    }
  }
  return undefined;
}

function compiled([english, chinese]: readonly [string, string]): Phrase {
  const words: boolean[] = [];
  const source = english.split(/(\{\*?\})/).map((part) => {
    if (!/^\{\*?\}$/.test(part)) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    words.push(part === "{*}");
    return "(.*?)";
  }).join("");
  return { pattern: new RegExp(`^${source}$`, "s"), chinese, words };
}
