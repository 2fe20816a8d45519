import { isGlob } from "@std/path";
import SSHConfig from "ssh-config";
import { readIfThere } from "./read_if_there.ts";

/** What a configuration says of a host; keywords are in lower case. */
export interface SshConfig {
  /** The first value of a keyword. */
  (keyword: string): string | undefined;
  /** All of them. */
  all(keyword: string): string[] | undefined;
}

/** As OpenSSH has it. */
const MAX_DEPTH = 16;
const ALL_HOSTS = "Host *";
const PROBE = "CorehaulProbe";

/**
 * Reads the user's configuration of SSH as `ssh` does, with the files that it includes. Commands in it (`Match exec`) are not run.
 *
 * @param file The configuration.
 * @param home The user's home folder.
 * @param alias The host as the user calls it.
 * @param user Who asks, if that is said elsewhere.
 * @throws {Error} If files include each other without end.
 */
export async function readSshConfig(file: string, home: string, alias: string, user?: string): Promise<SshConfig> {
  const asked = { Host: alias, ...(user === undefined ? {} : { User: user }) };
  const compute = (text: string) => SSHConfig.parse(text).compute(asked, { ignoreCase: true, matchExec: false });
  let text = "";
  /** Adds a file below the line of a host, which stands for the lines that are before any such line. */
  const add = async (path: string, first: string, depth: number) => {
    if (depth > MAX_DEPTH) throw new Error(`${path}: Include leads through more than ${MAX_DEPTH} files`);
    let section = first;
    for (const line of (await readIfThere(path) ?? "").split(/\r?\n/)) {
      const [, keyword = "", value = ""] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
      if (/^(?:host|match)$/i.test(keyword)) section = line;
      if (!/^include$/i.test(keyword)) {
        text += `${line}\n`;
        continue;
      }
      // Below the line of another host, nothing that is included counts.
      if (compute(`${text}\n${section}\n${PROBE} yes\n`)[PROBE.toLowerCase()] === undefined) continue;
      for (const included of await filesOf(value, home)) {
        text += `${ALL_HOSTS}\n`;
        await add(included, ALL_HOSTS, depth + 1);
      }
      text += `${section}\n`;
    }
  };
  await add(file, ALL_HOSTS, 0);
  const found = compute(text);
  const all = (keyword: string): string[] | undefined => {
    const value = found[keyword];
    return value === undefined ? undefined : [value].flat();
  };
  return Object.assign((keyword: string) => all(keyword)?.[0], { all });
}

/** The files that a line of `Include` names. */
async function filesOf(value: string, home: string): Promise<string[]> {
  const files: string[] = [];
  for (const [, quoted, plain] of value.matchAll(/"([^"]*)"|(\S+)/g)) {
    const named = (quoted ?? plain ?? "").replace(/^~(?=\/)/, home).replaceAll("%d", home);
    const path = named.startsWith("/") ? named : `${home}/.ssh/${named}`;
    if (!isGlob(path)) {
      files.push(path);
      continue;
    }
    const { expandGlob } = await import("@std/fs/expand-glob");
    const found = await Array.fromAsync(expandGlob(path, { includeDirs: false }), ({ path }) => path);
    files.push(...found.sort());
  }
  return files;
}
