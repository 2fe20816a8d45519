type Bytes = Uint8Array<ArrayBuffer>;

function der(tag: number, ...parts: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  const content = parts.flatMap((part) => [...part]);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Uint8Array.from([tag, ...length, ...content]);
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

const BASIC_CONSTRAINTS = der(0x06, [0x55, 0x1d, 0x13]);

/** A positive number as DER wants it: no needless zero in front, but one before a high bit. */
function whole(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at++;
  return der(0x02, bytes[at]! > 127 ? [0] : [], bytes.subarray(at));
}

/** The bytes of an address; `undefined` for a name. */
function addressBytes(text: string): number[] | undefined {
  if (/^[\d.]+$/.test(text)) return text.split(".").map(Number);
  return text === "::1" ? [...Array(15).fill(0), 1] : undefined;
}

/**
 * Makes a certificate that is signed by its own key, which nobody trusts unless told to.
 *
 * @param names Whom it is for: names, or addresses.
 * @param until When it ends, as `YYYYMMDDHHMMSSZ`; it begins with 2020. Default: at the end of the century.
 * @param authority True if it is one of an issuer (CA:TRUE). Default: it does not say.
 * @returns The certificate and its key, in PEM.
 */
export async function testCertificate(
  names: readonly string[],
  until = "20990101000000Z",
  authority = false,
): Promise<{ cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const ecdsaWithSha256 = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
  const name = der(0x30, der(0x31, der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0c, latin1("corehaul test")))));
  const time = (date: string) => der(0x18, latin1(date));
  const alternatives = der(
    0x30,
    ...names.map((name) => {
      const address = addressBytes(name);
      return address === undefined ? der(0x82, latin1(name)) : der(0x87, address);
    }),
  );
  const extension = der(0x30, der(0x06, [0x55, 0x1d, 0x11]), der(0x04, alternatives));
  const body = der(
    0x30,
    der(0xa0, der(0x02, [2])),
    der(0x02, [1]),
    ecdsaWithSha256,
    name,
    der(0x30, time("20200101000000Z"), time(until)),
    name,
    new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    der(
      0xa3,
      der(0x30, extension, authority ? der(0x30, BASIC_CONSTRAINTS, der(0x04, der(0x30, der(0x01, [0xff])))) : []),
    ),
  );
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, body));
  const pair = der(0x30, whole(signature.subarray(0, 32)), whole(signature.subarray(32)));
  return {
    cert: pem("CERTIFICATE", der(0x30, body, ecdsaWithSha256, der(0x03, [0], pair))),
    key: pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey))),
  };
}

function latin1(text: string): Bytes {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
