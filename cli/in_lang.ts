import type { CfgSettings } from "../config/cfg_settings.ts";

/** One line in the language of the user; the other language is loaded only where it is wanted. */
export async function inLang(text: string, lang: CfgSettings["lang"]): Promise<string> {
  return lang === "en" ? text : (await import("./chinese.ts")).inChinese(text);
}
