import { nearestWord } from "../config/nearest_word.ts";
import type { WrongWord } from "./parse_command.ts";

/** Options and commands of other tools, and what to write here for them. */
const ANSWERS: readonly (readonly [words: string, answer: string])[] = [
  ["download fetch", "write corehaul get URL"],
  ["ls", "write corehaul list"],
  ["rm delete", "write corehaul remove"],
  ["start watch", "write corehaul run"],
  ["stop", "a run ends with Ctrl-C or SIGTERM; corehaul pause --all stops what it downloads"],
  ["version", "write corehaul --version"],
  ["-c -C --continue --continue-at", "what was broken off is always continued: leave it out"],
  ["-O", "files have the names of their servers: leave it out, or write -o NAME to choose one"],
  ["--output-document", "write -o NAME"],
  [
    "-J --remote-name --remote-name-all --remote-header-name --content-disposition --trust-server-names",
    "files have the names of their servers: leave it out",
  ],
  [
    "-u --user --password --http-user --http-passwd --http-password --ftp-user --ftp-passwd --ftp-password",
    "write --netrc FILE, a file with a line such as `machine HOST login NAME password SECRET`; " +
    "in a task file, user and password of an entry",
  ],
  ["--bearer --oauth2-bearer", "write --header 'Authorization: Bearer TOKEN'"],
  ["-n", "write --netrc FILE"],
  ["-x", "for several connections for one file write --segments N, for a proxy --proxy URL"],
  [
    "-s --split --max-connection-per-server --multi-thread-streams",
    "for several connections for one file write --segments N; to be told nothing but errors, -q",
  ],
  ["-Z --parallel", "lists are always downloaded in parallel: leave it out, or write -j N for N downloads at a time"],
  ["--parallel-max --max-concurrent-downloads --transfers", "write -j N"],
  ["-k --no-check-certificate", "write --insecure"],
  ["-L --location --create-dirs --fail -f -g --globoff", "that is always so: leave it out"],
  ["-nc --no-clobber --ignore-existing", "what is there stays, unless --overwrite says otherwise: leave it out"],
  ["-N --timestamping --conditional-get", "write --refresh"],
  ["--allow-overwrite", "write --overwrite always"],
  ["-H", "write --header 'NAME: VALUE'"],
  ["-A -U", "write --user-agent TEXT"],
  ["-e", "write --referer URL"],
  ["-b --load-cookies --cookie", "write --cookies FILE"],
  ["--all-proxy --http-proxy --https-proxy", "write --proxy URL"],
  ["--cacert --ca-certificate", "write --ca FILE"],
  ["-E --certificate", "write --cert FILE"],
  ["--private-key", "write --key FILE"],
  ["-t --tries --max-tries", "write --retries N, which does not count the first attempt"],
  ["--retry --low-level-retries", "write --retries N, which does not count the first attempt"],
  ["--retry-delay --waitretry", "write --retry-wait D"],
  ["-T --read-timeout", "write --stall-timeout D"],
  ["-m --max-time", "write --timeout D"],
  ["-w --wait", "write --per-host-rate R, with the number of requests a second"],
  ["--max-redirs --max-redirect", "write --max-redirects N"],
  ["--max-filesize", "write --max-size SIZE"],
  ["--max-overall-download-limit --max-download-limit --bwlimit", "write --limit-rate SIZE"],
  ["--lowest-speed-limit --speed-limit -Y", "write --min-speed SIZE"],
  ["--directory-prefix --output-dir --output_folder", "write -d DIR"],
  ["--input-file --url_list --urls", "write -i FILE"],
  ["--force-directories", "write --name-template '{host}/{path}/'"],
  ["--silent -S --no-verbose -nv", "write -q to be told nothing but errors"],
  ["--save-session", "the list is kept in .corehaul/queue.db: leave it out; --save-failed FILE writes what failed"],
  ["--deferred-input", "a list is never in memory as a whole: leave it out"],
  ["-M --metalink-file", "write -i FILE"],
  ["-K", "write -i FILE, for a file of URLs; a table with the columns url and out names the files too"],
  ["--retry-all-errors", "write --retry-on LIST"],
  ["-y --speed-time", "write --stall-timeout D"],
  ["-z --time-cond", "write --refresh"],
  [
    "-r --recursive --mirror",
    "web pages are not searched for links: give a list, a sitemap, or a folder of FTP, SFTP or S3",
  ],
];

const BY_WORD: ReadonlyMap<string, string> = new Map(
  ANSWERS.flatMap(([words, answer]) => words.split(" ").map((word) => [word, answer] as const)),
);

/**
 * What to write here for an option or a command that other tools have, and that is none here.
 *
 * @param word The command, or the option with its dashes.
 * @returns The answer; `undefined` if the word is not known.
 */
export function foreignWord(word: string): string | undefined {
  return BY_WORD.get(word);
}

/**
 * What to write in place of a wrong word: what other tools' options are called here, or the nearest right word.
 *
 * @param wrong The word, and those that there are.
 * @returns A text that follows a colon; `undefined` if nothing is near.
 */
export function usageHint({ word, also = [], known }: WrongWord): string | undefined {
  for (const each of [word, ...also]) {
    const answer = foreignWord(each);
    if (answer !== undefined) return answer;
  }
  for (const words of known) {
    const nearest = nearestWord(word, words);
    if (nearest !== undefined) return `did you mean ${nearest}?`;
  }
  return undefined;
}
