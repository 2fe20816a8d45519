/**
 * Says what is wrong with the text of a private key.
 *
 * @returns What it must be; undefined: nothing.
 */
export function privateKeyProblem(text: string): string | undefined {
  const body = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]*)-----END/.exec(text);
  if (body === null) return "it has no private key";
  const [, kind, base64] = body;
  if (kind === "ENCRYPTED " || /^Proc-Type:.*ENCRYPTED/m.test(base64!)) return "it is encrypted: the agent takes those";
  if (kind !== "OPENSSH ") return undefined;
  try {
    // Magic, and then the name of the cipher.
    return atob(base64!.replace(/\s+/g, "")).startsWith("openssh-key-v1\0\0\0\0\x04none")
      ? undefined
      : "it is encrypted: the agent takes those";
  } catch {
    return "it is damaged";
  }
}
