/** Root writes whatever the mode of a folder says: without these capabilities it is as bound to them as anybody. */
const POWERS = "-dac_override,-dac_read_search";

/** What starts a command for which the modes of folders count. */
export const asOrdinaryUser: readonly string[] = Deno.uid() === 0
  ? ["setpriv", "--bounding-set", POWERS, "--inh-caps", POWERS]
  : [];
