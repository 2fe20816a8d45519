import { assert, assertEquals, assertMatch } from "@std/assert";
import { tlsFailure } from "../../download/tls_failures.ts";

Deno.test("tlsFailure says in words what libraries of TLS say by names of their own", () => {
  const before = "fetch failed: error sending request: client error (Connect): ";
  const cases: [detail: string, kind: string, says: RegExp][] = [
    ["invalid peer certificate: UnknownIssuer", "security", /--ca FILE/],
    ["self-signed certificate in certificate chain", "security", /--ca FILE/],
    ["unable to verify the first certificate", "security", /--ca FILE/],
    ["invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "security", /CA:TRUE/],
    [
      'invalid peer certificate: certificate not valid for name "a.test"; certificate is only valid for DnsName("b.test") or IpAddress(10.0.0.1)',
      "security",
      /not for a\.test, but for b\.test, 10\.0\.0\.1$/,
    ],
    [
      "Hostname/IP does not match certificate's altnames: Host: localhost. is not cert's CN: x",
      "security",
      /for another host/,
    ],
    [
      "invalid peer certificate: certificate expired: verification time 1796000000 (UNIX), but certificate is not valid after 1700000000",
      "security",
      /has expired$/,
    ],
    [
      "invalid peer certificate: certificate not valid yet: verification time 1 (UNIX), but certificate is not valid before 2",
      "security",
      /clock of this machine/,
    ],
    ["invalid peer certificate: Revoked", "security", /was revoked$/],
    [
      "invalid peer certificate: certificate does not allow extended key usage for server authentication, allows client authentication",
      "security",
      /extendedKeyUsage/,
    ],
    [
      "invalid peer certificate: UnsupportedSignatureAlgorithmContext { signature_algorithm_id: [6, 9], supported_algorithms: [0x06] }",
      "security",
      /SHA-1/,
    ],
    ["invalid peer certificate: BadSignature", "security", /not signed by whom/],
    ["invalid peer certificate: BadEncoding", "security", /cannot be read/],
    ["invalid peer certificate: UnhandledCriticalExtension", "security", /^the server's certificate does not hold$/],
    ["received fatal alert: CertificateRequired", "security", /--cert FILE/],
    ["received fatal alert: UnknownCA", "security", /\(--cert\)/],
    ["received fatal alert: HandshakeFailure", "protocol", /no way in common/],
    ["received fatal alert: ProtocolVersion", "protocol", /1\.2 or 1\.3/],
    ["received fatal alert: InternalError", "network", /ended it \(internal error\)$/],
    ["received corrupt message of type InvalidContentType", "protocol", /does not speak TLS at this port/],
    ["peer is incompatible: NoCipherSuitesInCommon", "protocol", /no cipher/],
    ["peer is incompatible: ServerDoesNotSupportTls12Or13", "protocol", /no version of TLS/],
  ];
  for (const [detail, kind, says] of cases) {
    for (const text of [detail, before + detail]) {
      const failure = tlsFailure(text);
      assert(failure !== undefined, detail);
      assertEquals(failure.kind, kind, detail);
      assertMatch(failure.message, says);
      assert(
        !/[a-z][A-Z]/.test(failure.message.replace("extendedKeyUsage", "").replace("subjectAltName", "")),
        failure.message,
      );
    }
  }
});

Deno.test("tlsFailure has nothing to say of what is not about TLS", () => {
  for (
    const detail of ["Connection refused (os error 111)", "Connection reset by peer (os error 104)", "early eof", ""]
  ) {
    assertEquals(tlsFailure(detail), undefined, detail);
  }
});
