import { showAddress } from "../base/show_address.ts";
import type { CfgRow } from "./cfg_field.ts";

/** The placeholders of options that take an address. */
const ADDRESS = /URL|HOST|MODULE/;

/**
 * What a message may show of a value that is wrong: of an address nothing that may be secret, also where another kind of value
 * should stand.
 *
 * @param field The option.
 * @param text The value.
 */
export function cfgShow({ show, placeholder = "" }: CfgRow, text: string): string {
  if (show !== undefined) return show(text);
  return ADDRESS.test(placeholder) || text.includes("://") ? showAddress(text) : text;
}
