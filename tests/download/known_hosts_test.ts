import { assertEquals } from "@std/assert";
import { knownName, knownServer } from "../../download/protocols/known_hosts.ts";
import { findProgram } from "../support/find_program.ts";
import { sshKeys } from "../support/sshd_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const ONE = "AAAAC3NzaC1lZDI1NTE5AAAAIOne";
const TWO = "AAAAC3NzaC1lZDI1NTE5AAAAITwo";

Deno.test("knownServer finds the lines that are about a server, as OpenSSH does", () => {
  const text = [
    "# a comment",
    "",
    `example.org,192.0.2.1 ssh-ed25519 ${ONE} somebody@somewhere`,
    `[example.org]:2222 ssh-ed25519 ${TWO}`,
    `*.example.net,!bad.example.net ecdsa-sha2-nistp256 ${ONE}`,
    `host?.test ssh-rsa ${ONE}`,
    "too short",
    `@cert-authority *.example.org ssh-ed25519 ${TWO}`,
  ].join("\n");
  const judge = (host: string, port: number, key: string) => knownServer(text, host, port).judge(key);
  assertEquals(judge("example.org", 22, ONE), "known");
  assertEquals(judge("EXAMPLE.org", 22, ONE), "known");
  assertEquals(judge("192.0.2.1", 22, ONE), "known");
  assertEquals(judge("example.org", 22, TWO), "changed");
  assertEquals(judge("example.org", 2222, TWO), "known");
  assertEquals(judge("example.org", 2222, ONE), "changed");
  assertEquals(judge("example.org", 2223, ONE), "unknown");
  assertEquals(judge("a.example.net", 22, ONE), "known");
  assertEquals(judge("bad.example.net", 22, ONE), "unknown");
  assertEquals(judge("example.net", 22, ONE), "unknown");
  assertEquals([judge("host1.test", 22, ONE), judge("host12.test", 22, ONE)], ["known", "unknown"]);
  // An authority vouches for certificates, and not for this.
  assertEquals(judge("a.example.org", 22, TWO), "unknown");
  assertEquals(knownServer(text, "a.example.net", 22).types, ["ecdsa-sha2-nistp256"]);
});

Deno.test("knownServer refuses what is revoked, whatever else is said of it", () => {
  const text = `h ssh-ed25519 ${ONE}\n@revoked * ssh-ed25519 ${ONE}\nh ssh-ed25519 ${TWO}\n`;
  assertEquals(knownServer(text, "h", 22).judge(ONE), "revoked");
  assertEquals(knownServer(text, "h", 22).judge(TWO), "known");
});

Deno.test("knownServer reads what ssh-keygen -H has hashed, and takes no nonsense for a host", async () => {
  await using home = await TempDir.create();
  const { shared } = await sshKeys();
  const key = shared.split(" ")[1]!;
  const lines = [`example.org ${shared}`, `[192.0.2.7]:2200 ${shared}`];
  await home.write("known_hosts", `${lines.join("\n")}\n`);
  const keygen = await findProgram("ssh-keygen", ["-?"], "openssh-client");
  await new Deno.Command(keygen, { args: ["-H", "-f", home.join("known_hosts")] }).output();
  const text = await Deno.readTextFile(home.join("known_hosts"));
  assertEquals(text.includes("example.org"), false, "it is hashed");
  assertEquals(knownServer(text, "example.org", 22).judge(key), "known");
  assertEquals(knownServer(text, "192.0.2.7", 2200).judge(key), "known");
  assertEquals(knownServer(text, "192.0.2.7", 22).judge(key), "unknown");
  assertEquals(knownServer(text, "example.com", 22).judge(key), "unknown");
  for (const odd of [`|1|x ${shared}`, `|1||| ${shared}`, `|1|***|*** ${shared}`, `|2|a|b ${shared}`]) {
    assertEquals(knownServer(odd, "example.org", 22).judge(key), "unknown", odd);
  }
});

Deno.test("knownServer is not slowed down by what a pattern holds", () => {
  const stars = `${"*a".repeat(200)} ssh-ed25519 ${ONE}\n`;
  // Whoever tries all ways to match it does not come back.
  assertEquals(knownServer(stars, "a".repeat(250) + "b", 22).judge(ONE), "unknown");
  assertEquals(knownName("::1", 22), "::1");
});
