import type { Client, FileInfo } from "basic-ftp";
import { bytesOfText, encodeBytes, textOfBytes } from "./ftp_text.ts";
import type { FolderEntry } from "./walk_folder.ts";

const WITH_HIDDEN = "LIST -a";
const WITHOUT = "LIST";
/** A carriage return that is not at the end of a line. */
const INNER_RETURN = /\r(?!\r*(?:\n|$))/g;
/** Characters that stand for it while a listing is read: of what is no text, at least one is not in any name. */
const STAND_INS = ["\ufffe", "\uffff", "\ufdd0", "\ufdd1"];

/**
 * Lists the folder that a connection is in.
 *
 * @param client The connection, whose texts have one character a byte.
 */
export async function listFolder(client: Client): Promise<FolderEntry[]> {
  const { parseList } = client;
  let names = (bytes: string) => bytes;
  client.parseList = (bytes) => {
    // The months of some listings are words, which are known in UTF-8.
    const text = textOfBytes(bytes);
    const read = text ?? bytes;
    // The library ends a name where it has this character, and would name another file.
    const stand = STAND_INS.find((other) => !read.includes(other)) ?? "\r";
    names = (name) => {
      const written = name.replaceAll(stand, "\r");
      return text === undefined ? written : bytesOfText(written);
    };
    return parseList(read.replace(INNER_RETURN, stand));
  };
  let entries: FileInfo[];
  try {
    entries = await client.list();
    if (entries.length === 0 && client.availableListCommands[0] === WITH_HIDDEN) entries = await withoutOption(client);
  } finally {
    client.parseList = parseList;
  }
  return entries.map(({ name, isDirectory, isFile }) => {
    const bytes = names(name);
    const inUrl = encodeBytes(bytes);
    return { name: textOfBytes(bytes) ?? inUrl, inUrl, isDirectory, isFile };
  });
}

/** Some servers take `-a` for the name of a file. */
async function withoutOption(client: Client): Promise<FileInfo[]> {
  client.availableListCommands = [WITHOUT];
  const entries = await client.list();
  // Of an empty folder, nobody knows which of them the server understands.
  if (entries.length === 0) client.availableListCommands = [WITH_HIDDEN, WITHOUT];
  return entries;
}
