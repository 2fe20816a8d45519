import { AwsV4Signer } from "aws4fetch";
import type { DownloadDriver, DriverRequest, DriverResponse, ListedFile, ListRequest } from "../download_driver.ts";
import { readContentEncoding } from "../content_encoding.ts";
import { DecodedResponse } from "../decoded_response.ts";
import { DownloadError } from "../download_error.ts";
import type { S3Access, S3Ports } from "./s3_access.ts";
import { listingQuery, readListing } from "./s3_listing.ts";
import { S3RefusedError } from "./s3_refusal.ts";
import { objectUrl, s3Target, s3Url } from "./s3_target.ts";

/** Credentials are asked for again so long before they end. */
const EARLY_MS = 60_000;
/** With other credentials, and in another region. */
const MOST_TRIES = 3;
/** What a listing may weigh; 1,000 keys of the greatest length are less. */
const LISTING_BYTES = 16 * 1024 * 1024;

/**
 * Fetches objects of S3 and of servers that speak like it: signs the request, and leaves it to the driver of HTTP. All of
 * that one's promises hold: ranges, digests, the guard of addresses.
 */
export class S3Driver implements DownloadDriver {
  readonly schemes = ["s3:"];
  readonly #http: DownloadDriver;
  readonly #ports: S3Ports;
  #asking: Promise<S3Access> | undefined;
  /** Where buckets are that are not in the region that is set, as servers have told. */
  readonly #regions = new Map<string, string>();

  readonly #amazonHeaders: Readonly<Record<string, string>>;
  /** Keys that are made of credentials, for a day and a region each. */
  readonly #signingKeys = new Map<string, ArrayBuffer>();

  /**
   * @param http Who fetches in the end; it stays its owner's.
   * @param ports Those who may read the user's files.
   * @param headers The headers that all requests have; those of Amazon's are signed. Default: none.
   */
  constructor(http: DownloadDriver, ports: S3Ports, headers: Readonly<Record<string, string>> = {}) {
    this.#http = http;
    this.#ports = ports;
    this.#amazonHeaders = sortHeaders(headers).amazon;
  }

  async open(request: DriverRequest): Promise<DriverResponse> {
    const target = s3Target(request.url);
    if (target.key === "") {
      const message = `Cannot fetch the url as it must name an object of the bucket "${target.bucket}"`;
      throw new DownloadError("unsupported", message);
    }
    const response = await this.#ask(target.bucket, (access) => objectUrl(access, target), request);
    return new S3Response(response, request.url);
  }

  /** Lists the objects whose keys begin as the url says; `*` at its end, or none, stands for all that follows. */
  async *list({ url, signal }: ListRequest): AsyncGenerator<ListedFile> {
    const { bucket, prefix } = s3Target(url);
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    let token: string | undefined;
    do {
      const query = listingQuery(prefix, token);
      const page = (access: S3Access) => new URL(`?${query}`, objectUrl(access, { bucket, key: "" }));
      const { keys, next } = readListing(await this.#text(bucket, page, signal), bucket);
      for (const key of keys) {
        // Consoles make empty objects to stand for folders.
        if (key.endsWith("/")) continue;
        signal.throwIfAborted();
        yield { url: s3Url(bucket, key), path: key.slice(folder.length) };
      }
      token = next;
    } while (token !== undefined);
  }

  async #text(bucket: string, urlOf: (access: S3Access) => URL, signal: AbortSignal): Promise<string> {
    using answer = await this.#ask(bucket, urlOf, { url: "", headers: {}, maxRedirects: 0, signal });
    const { contentEncoding } = answer;
    const response = contentEncoding === undefined
      ? answer
      : new DecodedResponse(answer, readContentEncoding(contentEncoding));
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    await response.read((piece) => {
      bytes += piece.length;
      if (bytes > LISTING_BYTES) {
        const { host } = new URL(response.finalUrl);
        throw new DownloadError("protocol", `${host}: a listing longer than any`);
      }
      pieces.push(piece.slice());
      return undefined;
    });
    return await new Blob(pieces).text();
  }

  /** Asks; once more, if the credentials have ended meanwhile, or the bucket is in another region. */
  async #ask(bucket: string, urlOf: (access: S3Access) => URL, request: DriverRequest): Promise<DriverResponse> {
    let isRenewed = false;
    for (let tries = 1;; tries++) {
      const own = await this.#access();
      const region = this.#regions.get(bucket) ?? own.region;
      const access = { ...own, region };
      try {
        return await this.#send(access, urlOf(access), request);
      } catch (error) {
        if (!(error instanceof S3RefusedError) || tries === MOST_TRIES) throw error;
        if (error.credentialsEnded && !isRenewed) {
          isRenewed = true;
          if (await this.#asking === own) this.#asking = undefined;
        } else if (error.region !== undefined && error.region !== region) this.#regions.set(bucket, error.region);
        else throw error;
      }
    }
  }

  async #send(access: S3Access, url: URL, request: DriverRequest): Promise<DriverResponse> {
    const { credentials, region, requestPayer = false } = access;
    const { amazon, others } = sortHeaders(request.headers);
    const named = { ...requestPayer ? { "x-amz-request-payer": "requester" } : {}, ...this.#amazonHeaders, ...amazon };
    let headers: Record<string, string> = { ...others, ...named };
    if (credentials !== undefined) {
      const signed = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ""));
      const asked = { url: url.href, headers: signed, service: "s3", region, cache: this.#signingKeys, ...credentials };
      const { authorization: _, ...unsigned } = others;
      headers = { ...unsigned, ...named, ...Object.fromEntries((await new AwsV4Signer(asked).sign()).headers) };
      // Whoever makes the connection names the host.
      delete headers.host;
    }
    return await this.#http.open({
      ...request,
      url: url.href,
      headers,
      maxRedirects: 0,
      refused: (refusal) => {
        const isAnonymous = credentials === undefined && refusal.error.status === 403;
        const why = access.unsigned === true ? "because of --s3-no-sign-request" : "as there are none";
        return new S3RefusedError(refusal, isAnonymous ? ` (asked without credentials, ${why})` : "");
      },
    });
  }

  async #access(): Promise<S3Access> {
    this.#asking ??= this.#ports.access().then((answer) => {
      if (answer.type === "access") return answer.access;
      throw new DownloadError("auth", answer.message, { retryable: false });
    });
    const asking = this.#asking;
    let access: S3Access;
    try {
      access = await asking;
    } catch (error) {
      if (this.#asking === asking) this.#asking = undefined;
      throw error;
    }
    const { expiresAt = Infinity } = access.credentials ?? {};
    if (expiresAt - EARLY_MS > Date.now()) return access;
    if (this.#asking === asking) this.#asking = undefined;
    return await this.#access();
  }

  [Symbol.dispose](): void {}
}

/** An answer of HTTP under the url that the user knows. */
class S3Response implements DriverResponse {
  readonly finalUrl: string;
  readonly #response: DriverResponse;

  constructor(response: DriverResponse, url: string) {
    this.#response = response;
    this.finalUrl = url;
    const { offset, end, rangeable, length, contentEncoding, headers, disposition, etag, lastModified } = response;
    const facts = { offset, end, rangeable, length, contentEncoding, headers, disposition, etag, lastModified };
    for (const [name, value] of Object.entries(facts)) if (value !== undefined) Object.assign(this, { [name]: value });
  }

  declare readonly offset: number;
  declare readonly end?: number;
  declare readonly rangeable?: boolean;
  declare readonly length?: number;
  declare readonly contentEncoding?: string;
  declare readonly headers?: Pick<Headers, "get">;
  declare readonly disposition?: string;
  declare readonly etag?: string;
  declare readonly lastModified?: string;

  whole<T>(use: (bytes: Uint8Array) => T, heard: (bytes: number) => void): Promise<Awaited<T>> {
    return this.#response.whole(use, heard);
  }

  read(
    sink: (piece: Uint8Array) => Promise<void> | undefined,
    room?: () => number | Promise<number>,
  ): Promise<void> {
    return this.#response.read(sink, room);
  }

  [Symbol.dispose](): void {
    this.#response[Symbol.dispose]();
  }
}

/** The headers that signatures are about, and all others; the names in lower case. */
function sortHeaders(headers: Readonly<Record<string, string>>): Record<"amazon" | "others", Record<string, string>> {
  const sorted: Record<"amazon" | "others", Record<string, string>> = { amazon: {}, others: {} };
  for (const [written, value] of Object.entries(headers)) {
    const name = written.toLowerCase();
    sorted[name.startsWith("x-amz-") ? "amazon" : "others"][name] = value;
  }
  return sorted;
}
