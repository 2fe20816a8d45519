/** Private keys of SSH, as OpenSSH's own tool writes and reads them. */
import { assert, assertEquals } from "@std/assert";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readPrivateKey } from "../../app/private_key.ts";
import { findProgram } from "../support/find_program.ts";
import { TempDir } from "../support/temp_dir.ts";

const KINDS: [name: string, args: string[]][] = [
  ["Ed25519", ["-t", "ed25519"]],
  ["RSA", ["-t", "rsa", "-b", "2048"]],
  ["ECDSA", ["-t", "ecdsa"]],
  ["RSA in PEM", ["-t", "rsa", "-b", "2048", "-m", "PEM"]],
  ["ECDSA in PEM", ["-t", "ecdsa", "-m", "PEM"]],
  ["RSA in PKCS #8", ["-t", "rsa", "-b", "2048", "-m", "PKCS8"]],
  ["ECDSA in PKCS #8", ["-t", "ecdsa", "-m", "PKCS8"]],
];

async function keygen(...args: string[]): Promise<string> {
  const path = await findProgram("ssh-keygen", ["-?"], "openssh-client");
  const { success, stdout, stderr } = await new Deno.Command(path, { args, stdin: "null" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split(" ").slice(0, 2).join(" ").trim();
}

for (const [name, args] of KINDS) {
  Deno.test(`readPrivateKey opens an encrypted key of ${name} with its passphrase, and with no other`, async () => {
    await using home = await TempDir.create();
    for (const passphrase of ["pass wörd", ""]) {
      const file = home.join(`key${passphrase.length}`);
      await keygen("-q", ...args, "-N", passphrase, "-C", "", "-f", file);
      const text = await Deno.readTextFile(file);
      if (passphrase !== "") {
        assertEquals(await readPrivateKey(text), { type: "locked" });
        assertEquals(await readPrivateKey(text, "another"), { type: "wrong" });
        assertEquals(await readPrivateKey(text, ""), { type: "wrong" });
      }
      const read = await readPrivateKey(text, passphrase === "" ? undefined : passphrase);
      assert(read.type === "key", JSON.stringify(read));
      // What is open is the same key, for whoever reads it.
      const open = await home.write("open", read.text);
      await Deno.chmod(open, 0o600);
      const shared = (await Deno.readTextFile(`${file}.pub`)).split(" ").slice(0, 2).join(" ").trim();
      assertEquals(await keygen("-y", "-P", "", "-f", open), shared);
    }
  });
}

Deno.test("readPrivateKey takes no passphrase for a right one that only seems to decrypt", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const text = String(privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "right" }));
  const seems = (passphrase: string) => {
    try {
      createPrivateKey({ key: text, passphrase });
    } catch (error) {
      return !/decrypt/.test(String(error));
    }
    return false;
  };
  let passphrase = 0;
  while (!seems(`wrong ${passphrase}`)) passphrase++;
  assertEquals(await readPrivateKey(text, `wrong ${passphrase}`), { type: "wrong" });
});

Deno.test("readPrivateKey says of what is no key what is wrong", async () => {
  assertEquals(await readPrivateKey("hello"), { type: "problem", message: "it has no private key" });
  const damaged = "-----BEGIN OPENSSH PRIVATE KEY-----\n!!!\n-----END OPENSSH PRIVATE KEY-----\n";
  assertEquals(await readPrivateKey(damaged), { type: "problem", message: "it is damaged" });
});
