/** The variable by which a process that starts itself once more tells the next one that it did. */
export const REEXEC_MARK = "COREHAUL_REEXEC";

/** What the command needs of Deno, which takes it only at the start. */
export const UNSTABLE_FLAGS: readonly string[] = ["--unstable-kv", "--unstable-worker-options"];

/** Lets Deno refuse what a thread may not do: at a terminal it would ask the user, whatever the screen shows. */
export const NO_PROMPT = "--no-prompt";

/**
 * What a downloader needs of V8: small heaps, since nearly all that it makes is garbage a moment later, and one optimising
 * compiler instead of two: the second costs a short run more than it brings, as most of the work is the kernel's.
 */
export const V8_FLAGS =
  "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=4,--heap-growing-percent=50,--maglev-as-top-tier";
