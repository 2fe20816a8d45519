/**
 * What the libraries of TLS say, in words that tell what to do: their texts are names of their own code.
 *
 * @module
 */

/** A failure of TLS, for people. */
export interface TlsFailure {
  /** What is wrong, and what to do. */
  message: string;
  /** A certificate that does not hold is a matter of security; the two sides may not speak the same TLS; or it may pass. */
  kind: "security" | "protocol" | "network";
}

type Row = readonly [says: RegExp, message: (match: RegExpExecArray) => string];

/** The first that fits counts. */
const CERTIFICATES: readonly Row[] = [
  [
    /UnknownIssuer|self.signed|unable to (?:get|verify)/i,
    () => "nobody who is trusted here has signed the server's certificate; --ca FILE trusts the certificates in a file",
  ],
  [
    /CaUsedAsEndEntity/,
    () =>
      "the server shows the certificate of an issuer (CA:TRUE) as its own, which is never trusted; it needs one that this issuer " +
      "has signed for it, and --ca FILE with that of the issuer",
  ],
  [
    /not valid for name "([^"]{1,255})"; certificate is not valid for any names/,
    ([, name]) => `the server's certificate is not for ${name}, as it names no host at all (subjectAltName)`,
  ],
  [
    /not valid for name "([^"]{1,255})"(?:; certificate is only valid for (.*))?/,
    ([, name, others]) => `the server's certificate is not for ${name}${names(others)}`,
  ],
  [/NotValidForName|altnames|does not match certificate/i, () => "the server's certificate is for another host"],
  [
    /NotValidYet|not valid yet|not yet valid/i,
    () => "the server's certificate is not valid yet; is the clock of this machine right?",
  ],
  [/expired/i, () => "the server's certificate has expired"],
  [/revoked/i, () => "the server's certificate was revoked"],
  [/extended key usage|InvalidPurpose/, () => "the server's certificate is not one for servers (extendedKeyUsage)"],
  [
    /UnsupportedSignatureAlgorithm/,
    () => "the server's certificate is signed in a way that is not trusted any more, such as with SHA-1",
  ],
  [/BadSignature/, () => "the server's certificate was not signed by whom it names as its issuer"],
  [/BadEncoding/, () => "the server's certificate cannot be read"],
  [/peer certificate|UnknownCA|certificate/i, () => "the server's certificate does not hold"],
];

/** What a side says when it ends the connection: the names of RFC 8446, section 6. */
const ALERT = /(?:fatal alert|alert): ([A-Z][A-Za-z]+)/;

const REFUSALS: ReadonlyMap<string, TlsFailure> = new Map(
  ([
    ["CertificateRequired", "security", "the server wants a client certificate; --cert FILE gives one"],
    ["BadCertificate", "security", "the server does not take the client certificate (--cert)"],
    ["UnsupportedCertificate", "security", "the server does not take the client certificate (--cert)"],
    ["CertificateUnknown", "security", "the server does not take the client certificate (--cert)"],
    ["CertificateExpired", "security", "the client certificate (--cert) has expired, says the server"],
    ["CertificateRevoked", "security", "the client certificate (--cert) was revoked, says the server"],
    ["UnknownCA", "security", "the server does not trust whoever signed the client certificate (--cert)"],
    ["UnrecognisedName", "protocol", "the server knows no host of this name"],
    ["ProtocolVersion", "protocol", "the server speaks no version of TLS that is taken here (1.2 or 1.3)"],
    ["HandshakeFailure", "protocol", "the server and this program have no way in common to begin"],
    ["InsufficientSecurity", "protocol", "the server wants stronger ciphers than are offered"],
    ["NoApplicationProtocol", "protocol", "the server speaks no HTTP that is offered"],
    ["AccessDenied", "protocol", "the server denies access"],
  ] as const).map(([alert, kind, message]) => [alert, { kind, message }]),
);

const PROTOCOLS: readonly Row[] = [
  [/InvalidContentType|wrong version number/i, () => "the server does not speak TLS at this port"],
  [
    /NoCipherSuitesInCommon|NoKxGroupsInCommon|NoSignatureSchemesInCommon/,
    () => "the server offers no cipher that is taken here",
  ],
  [/peer is incompatible/i, () => "the server speaks no version of TLS that is taken here (1.2 or 1.3)"],
];

/**
 * Reads what a library said.
 *
 * @param detail Its text.
 * @returns What it means; undefined if it is not about TLS.
 */
export function tlsFailure(detail: string): TlsFailure | undefined {
  const alert = ALERT.exec(detail)?.[1];
  if (alert !== undefined) {
    const { kind, message } = REFUSALS.get(alert) ??
      { kind: "network" as const, message: `the server ended it (${spaced(alert)})` };
    return { kind, message: kind === "security" ? message : NONE + message };
  }
  for (const [says, message] of PROTOCOLS) {
    const match = says.exec(detail);
    if (match !== null) return { kind: "protocol", message: NONE + message(match) };
  }
  if (!/certificate|UnknownIssuer|NotValidForName/i.test(detail)) return undefined;
  for (const [says, message] of CERTIFICATES) {
    const match = says.exec(detail);
    if (match !== null) return { kind: "security", message: message(match) };
  }
  return undefined;
}

const NONE = "no TLS connection comes about: ";
const SHOWN_NAMES = 3;

/** The names that a certificate is for, of which there may be hundreds. */
function names(text = ""): string {
  const found = [...text.matchAll(/"([^"]{1,255})"|IpAddress\(([^)]+)\)/g)].map(([, host, address]) =>
    host ?? address!
  );
  if (found.length === 0) return "";
  const more = found.length > SHOWN_NAMES ? ` and ${found.length - SHOWN_NAMES} others` : "";
  return `, but for ${found.slice(0, SHOWN_NAMES).join(", ")}${more}`;
}

function spaced(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}
