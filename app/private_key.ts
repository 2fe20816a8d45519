/**
 * Private keys of SSH, as they are in files.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";

/** What there is of a private key. */
export type PrivateKey =
  /** The key, not encrypted, in a form that can be signed with. */
  | { type: "key"; text: string }
  /** It is encrypted, and nobody has told its passphrase. */
  | { type: "locked" }
  /** It is encrypted with another passphrase. */
  | { type: "wrong" }
  /** It is none, or none that can be used. */
  | { type: "problem"; message: string };

const PKCS8 = /^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/;
/** About one wrong passphrase in 200 leaves what looks decrypted in PKCS #8, and then is no key of any kind. */
const WRONG = /passphrase|decrypt|DECODER routines::unsupported/i;
const MAGIC = "openssh-key-v1\0";

/**
 * Reads a private key.
 *
 * @param text What is in its file: a key as OpenSSH writes it, in PEM, or in PKCS #8.
 * @param passphrase Its passphrase, if it is encrypted. Decrypting takes up to a second. Default: nobody knows it.
 */
export async function readPrivateKey(text: string, passphrase?: string): Promise<PrivateKey> {
  const body = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----([\s\S]*?)-----END/.exec(text);
  if (body === null) return { type: "problem", message: "it has no private key" };
  const [pem, kind, base64] = body;
  let encrypted = kind === "ENCRYPTED " || /^Proc-Type:.*ENCRYPTED/m.test(base64!);
  if (kind === "OPENSSH ") {
    try {
      // Behind the magic comes the name of the cipher.
      encrypted = !atob(base64!.replace(/\s+/g, "")).startsWith(`${MAGIC}\0\0\0\x04none`);
    } catch {
      return { type: "problem", message: "it is damaged" };
    }
  }
  if (!encrypted && !PKCS8.test(pem)) return { type: "key", text };
  if (encrypted && passphrase === undefined) return { type: "locked" };
  try {
    return { type: "key", text: await signable(text.trim(), passphrase) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return encrypted && WRONG.test(reason) ? { type: "wrong" } : { type: "problem", message: reason };
  }
}

/** The key in the form that the library of SSH reads, not encrypted. */
async function signable(text: string, passphrase: string | undefined): Promise<string> {
  let pem = text;
  if (!PKCS8.test(text)) {
    // @ts-types="../download/protocols/ssh2_types.d.ts"
    const { default: ssh2 } = await import("ssh2");
    const parsed = [ssh2.utils.parseKey(text, passphrase)].flat()[0];
    if (parsed === undefined || parsed instanceof Error) throw parsed ?? new Error("it has no private key");
    pem = parsed.getPrivatePEM();
    if (!PKCS8.test(pem)) return pem;
  }
  const { createPrivateKey } = await import("node:crypto");
  const key = createPrivateKey({ key: pem, ...(PKCS8.test(text) && passphrase !== undefined ? { passphrase } : {}) });
  switch (key.asymmetricKeyType) {
    case "rsa":
      return String(key.export({ type: "pkcs1", format: "pem" }));
    case "ec":
      return String(key.export({ type: "sec1", format: "pem" }));
    case "ed25519":
      return await openSshText(key);
    default:
      throw new Error(`its kind, ${key.asymmetricKeyType}, cannot be used`);
  }
}

/** A key of Ed25519 as OpenSSH writes it (PROTOCOL.key): the library reads no other form of it. */
async function openSshText(key: KeyObject): Promise<string> {
  const { Buffer } = await import("node:buffer");
  const { x = "", d = "" } = key.export({ format: "jwk" });
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const shared = Buffer.from(x, "base64url");
  const secret = Buffer.concat([Buffer.from(d, "base64url"), shared]);
  const type = Buffer.from("ssh-ed25519");
  const head = Buffer.concat([field(type), field(shared)]);
  // Two equal numbers show who decrypts that it is right; here nothing is encrypted.
  const rest = Buffer.concat([Buffer.alloc(8), head, field(secret), field(Buffer.alloc(0))]);
  const padding = Buffer.from(Array.from({ length: (8 - rest.length % 8) % 8 }, (_, i) => i + 1));
  const none = field(Buffer.from("none"));
  const whole = Buffer.concat([
    Buffer.from(MAGIC),
    none,
    none,
    field(Buffer.alloc(0)),
    Buffer.from([0, 0, 0, 1]),
    field(head),
    field(Buffer.concat([rest, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g)!;
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
