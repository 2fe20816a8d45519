import { builtinModule } from "../base/builtin_module.ts";
import { beginsPacked, decodeBody } from "./decode_body.ts";
import type { ContentCoding } from "./content_encoding.ts";
import { DownloadError } from "./download_error.ts";
import type { DriverResponse } from "./download_driver.ts";
import { Expectations, type ExpectedResponse, IntegrityError, type Wish } from "./expectations.ts";
import { diskError } from "./disk_error.ts";
import { PartFile, type PartTarget } from "./part_file.ts";
import type { SentBody } from "./stored_form.ts";
import type { Watched } from "./watchdog.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What {@linkcode settleSent} works with. */
export interface SettleSentSetup {
  /** How the body was sent. */
  sent: SentBody;
  /** The answer that brought it. */
  response: Pick<DriverResponse, "finalUrl" | "headers">;
  /** Where the file goes. */
  target: PartTarget;
  /** The body, all of it. */
  part: PartFile;
  /** What is expected of it; that looks at no type. */
  expectations: Expectations;
  /** What the user says of the file. */
  wish: Wish;
  /** Which types of files are fine; absent: all. */
  expectType: string | undefined;
  /** The type that an earlier answer said; absent: none did. */
  knownType: string | undefined;
  /** Looks at how many bytes there are of the decoded file. */
  checkSize: (bytes: number) => void;
  /** The attempt: decoding is no stall, and an abort ends it. */
  watched: Pick<Watched, "signal" | "rest">;
}

/** A file that was decoded, in place of the one that was sent. */
export interface DecodedFile {
  /** It; to be disposed of. */
  part: PartFile;
  /** What was expected of it, and is fulfilled. */
  expectations: Expectations;
}

const PIECE_BYTES = 256 * 1024;

/**
 * Decides about a body that is there as it was sent: it stays so, or is decoded into a file beside it.
 *
 * @param setup What it works with.
 * @returns The decoded file; undefined if the body stays as it is.
 * @throws {DownloadError} If it is neither way what was expected; an abort throws its reason.
 */
export async function settleSent(setup: SettleSentSetup): Promise<DecodedFile | undefined> {
  const { sent: { encoding, later }, expectations } = setup;
  // What the server says of the bytes that it sent must be true in any case.
  expectations.verifySent();
  if (later === "decode") {
    return await decode(setup, encoding.codings).catch((error) => {
      // It would not be another time either.
      if (error instanceof UndecodableError) setup.part.discard();
      throw error;
    });
  }
  let failure: IntegrityError | undefined;
  try {
    expectations.verify();
    if (later !== "top") return checkType(setup);
  } catch (error) {
    if (later !== "fit" || !(error instanceof IntegrityError)) throw error;
    failure = error;
  }
  // On top of a packed file the coding was applied once, however often it is named.
  const codings = later === "top" ? encoding.codings.slice(0, 1) : encoding.codings;
  if (later === "top" && !await isPackedBelow(setup, codings)) return checkType(setup);
  try {
    return await decode(setup, codings);
  } catch (error) {
    const unfit = error instanceof IntegrityError || error instanceof UndecodableError;
    if (!unfit || setup.watched.signal.aborted) throw error;
    // It was no coding, then, or not one that makes the file.
    if (failure === undefined) return checkType(setup);
    throw failure;
  }
}

/** Looks at the type of a body that stays as it is. */
function checkType(setup: SettleSentSetup): undefined {
  const { wish: { out }, part, expectType } = setup;
  if (expectType === undefined) return;
  const expectations = new Expectations({ out }, answerOf(setup), expectType, setup.knownType);
  expectations.resume(part.path, part.bytes);
}

/** What the answer says that holds for its body in every form. */
function answerOf({ response: { finalUrl, headers } }: SettleSentSetup): ExpectedResponse {
  return { finalUrl, offset: 0, decoded: true, ...(headers === undefined ? {} : { headers }) };
}

/** True if what comes out of a body begins as packed files of its coding do. */
async function isPackedBelow(setup: SettleSentSetup, codings: readonly ContentCoding[]): Promise<boolean> {
  const [coding] = codings;
  if (coding === undefined) return false;
  using file = openSent(setup);
  try {
    for await (const piece of decodeBody(piecesOf(file, setup), codings)) return beginsPacked(piece, coding);
  } catch (error) {
    if (setup.watched.signal.aborted) throw setup.watched.signal.reason;
    if (!(error instanceof Error)) throw error;
  }
  return false;
}

/** Decodes a body into a file beside it. */
async function decode(setup: SettleSentSetup, codings: readonly ContentCoding[]): Promise<DecodedFile> {
  const { target, wish, expectType, knownType, checkSize, watched } = setup;
  const expectations = new Expectations(wish, answerOf(setup), expectType, knownType);
  using file = openSent(setup);
  using decoded = new DisposableStack();
  const part = decoded.use(PartFile.beside(target));
  part.begin(0);
  let taking = false;
  try {
    for await (const piece of decodeBody(piecesOf(file, setup), codings)) {
      taking = true;
      checkSize(part.bytes + piece.length);
      expectations.update(piece);
      part.write(piece);
      taking = false;
    }
  } catch (error) {
    if (watched.signal.aborted) throw watched.signal.reason;
    throw taking || error instanceof DownloadError ? error : new UndecodableError(setup, error);
  }
  expectations.verify();
  decoded.move();
  return { part, expectations };
}

/** A body is not what its Content-Encoding says. */
class UndecodableError extends DownloadError {
  constructor({ response, sent: { encoding } }: SettleSentSetup, cause: unknown) {
    super(
      "protocol",
      `${new URL(response.finalUrl).host}: the body is not ${encoding.text}, as its Content-Encoding says`,
      { cause },
    );
  }
}

function openSent({ part }: SettleSentSetup): Deno.FsFile {
  try {
    return Deno.openSync(part.path, { read: true });
  } catch (error) {
    throw diskError(error, part.path);
  }
}

async function* piecesOf(file: Deno.FsFile, { part, watched }: SettleSentSetup): AsyncGenerator<Bytes> {
  while (true) {
    if (watched.signal.aborted) throw watched.signal.reason;
    const piece = new Uint8Array(PIECE_BYTES);
    let count: number | null;
    try {
      count = file.readSync(piece);
    } catch (error) {
      throw diskError(error, part.path);
    }
    if (count === null) return;
    watched.rest();
    yield piece.subarray(0, count);
    // What the system has in memory is read at once, and nobody else would get a turn.
    await builtinModule("node:timers/promises").setImmediate();
  }
}
