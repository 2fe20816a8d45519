/** A url of a file in Metalink 3, as the parser gives it. */
interface Url3 {
  "#text"?: string;
  "@type"?: string;
  "@preference"?: string;
}

interface Text {
  "#text"?: string;
}

interface Hash extends Text {
  "@type"?: string;
}

/** A file in Metalink 3. What mirror managers say of older versions stands beside these, and is left out. */
interface File3 {
  "@name"?: string;
  size?: Text[];
  verification?: { hash?: Hash[] };
  resources?: { url?: Url3[] };
}

/** The `files` of a Metalink 3 document, as the parser gives them. */
export interface Files3 {
  /** Absent: there is no file. */
  file?: File3[];
}

/** A file as Metalink 4 has it. */
export interface File4 {
  /** Its name. */
  "@name"?: string;
  /** Its size, in the first one. */
  size?: Text[];
  /** Where it is, the best with the lowest priority. */
  url?: (Text & { "@priority"?: string })[];
  /** Its digests. */
  hash?: Hash[];
}

/** The best preference. A url without one comes after all others. */
const MOST_PREFERRED = 100;
const FILES = /^(?:https?|ftps?|sftp)$/i;

/**
 * Makes files of Metalink 4 of those of Metalink 3: urls are ordered by falling preference there, and what is no file by itself,
 * such as a torrent, stands among them by its type.
 *
 * @param files The `files` of the document.
 */
export function filesOfMetalink3({ file = [] }: Files3): File4[] {
  return file.map(({ "@name": name, size, verification, resources }) => ({
    ...(name === undefined ? {} : { "@name": name }),
    ...(size === undefined ? {} : { size }),
    ...(verification?.hash === undefined ? {} : { hash: verification.hash }),
    url: (resources?.url ?? []).filter(({ "@type": type }) => type === undefined || FILES.test(type.trim())).map(urlOf),
  }));
}

function urlOf({ "#text": text = "", "@preference": preference = "" }: Url3): Text & { "@priority"?: string } {
  const rank = /^\d{1,3}$/.test(preference.trim()) ? Number(preference) : undefined;
  return { "#text": text, ...(rank === undefined ? {} : { "@priority": String(1 + MOST_PREFERRED - rank) }) };
}
