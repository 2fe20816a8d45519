import { digestChallenge, DigestProof } from "../digest_auth.ts";
import type { RequestIdentity } from "../request_identity.ts";

/** Challenges of so many servers are remembered. */
const MOST_PROOFS = 1000;

/** What servers want to be proved of whoever asks, by origin. */
export class DigestProofs {
  readonly #proofs = new Map<string, DigestProof>();

  /** What proves to a server who asks; undefined if it wants no proof, or nobody is known. */
  of(url: URL, identity: RequestIdentity): DigestProof | undefined {
    if (this.#proofs.size === 0) return undefined;
    const proof = this.#proofs.get(url.origin);
    const credentials = proof === undefined ? undefined : identity.credentials();
    return credentials !== undefined && proof?.isOf(credentials) ? proof : undefined;
  }

  /**
   * Learns from a 401 what the server wants.
   *
   * @param headers Those of the answer.
   * @param url Where the request went.
   * @param identity Who asked.
   * @param sent The proof that was refused, if one was sent.
   * @returns True if the request is worth another try: with a proof, or with one by a newer number.
   */
  mayProve(headers: Headers, url: URL, identity: RequestIdentity, sent: DigestProof | undefined): boolean {
    const challenge = digestChallenge(headers.get("www-authenticate"));
    const credentials = challenge === undefined ? undefined : identity.credentials();
    if (challenge === undefined || credentials === undefined) return false;
    const known = this.#proofs.get(url.origin);
    // Another request may have been faster.
    if (known !== undefined && known !== sent && known.isOf(credentials)) return true;
    // A number that has served may be too old by now, though not all servers say so; else the password is wrong.
    if (sent !== undefined && !sent.worked && !challenge.stale) return false;
    if (this.#proofs.size >= MOST_PROOFS) this.#proofs.clear();
    this.#proofs.set(url.origin, new DigestProof(challenge, credentials));
    return true;
  }
}
