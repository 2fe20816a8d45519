/** Private keys of the user's files: those that are encrypted, and those that are not there. */
import { assert, assertEquals } from "@std/assert";
import { type AskPassphrase, SshFiles, type SshSettings } from "../../app/ssh_files.ts";
import type { SshAccess } from "../../download/protocols/ssh_access.ts";
import { sshKeys } from "../support/sshd_server.ts";
import { TempDir } from "../support/temp_dir.ts";

const PASSPHRASE = "open sesame";

/** What the files say; without an agent. */
async function accessOf(home: TempDir, settings: Partial<SshSettings>, ask?: AskPassphrase): Promise<SshAccess> {
  await home.write(".ssh/config", "IdentityAgent none\n");
  const files = new SshFiles({ sshAcceptNew: false, ...settings }, home.path, ask);
  const [answer, again] = await Promise.all([files.access({ alias: "a" }), files.access({ alias: "b" })]);
  assert(answer.type === "access" && again.type === "access", JSON.stringify(answer));
  assertEquals(again.access.keys, answer.access.keys);
  return answer.access;
}

Deno.test("SshFiles says of an encrypted key and of none at all what is missing", async () => {
  await using home = await TempDir.create();
  const none = await accessOf(home, {});
  assertEquals([none.keys, none.keyNotes], [
    [],
    ["there is no private key: looked for ~/.ssh/id_ed25519, ~/.ssh/id_ecdsa, ~/.ssh/id_rsa"],
  ]);
  await home.write(".ssh/id_ed25519", (await sshKeys("ed25519", ["-N", PASSPHRASE])).secret);
  const locked = await accessOf(home, {});
  assertEquals([locked.keys, locked.keyNotes], [[], ["~/.ssh/id_ed25519 is encrypted: see --ssh-passphrase"]]);
  const wrong = await accessOf(home, { sshPassphrase: "open barley" });
  assertEquals([wrong.keys, wrong.keyNotes], [[], ["~/.ssh/id_ed25519 is encrypted, with another passphrase"]]);
  await home.write(".ssh/id_rsa", "nothing");
  const broken = await accessOf(home, { sshPassphrase: PASSPHRASE });
  assertEquals([broken.keys.length, broken.keyNotes], [1, ["~/.ssh/id_rsa cannot be used: it has no private key"]]);
});

Deno.test("SshFiles asks for the passphrase of an encrypted key, once, and three times if it is another one", async () => {
  await using home = await TempDir.create();
  const key = await home.write("key", (await sshKeys("ed25519", ["-N", PASSPHRASE])).secret);
  const asked: unknown[][] = [];
  const answering = (...answers: (string | undefined)[]): AskPassphrase => (...question) => {
    asked.push(question);
    return Promise.resolve(answers.shift());
  };
  const open = await accessOf(home, { sshKey: [key] }, answering("no", PASSPHRASE));
  assertEquals([open.keys.length, open.keyNotes, asked], [1, undefined, [[key, false], [key, true]]]);
  asked.length = 0;
  const shut = await accessOf(home, { sshKey: [key] }, answering("no", "no", "no", PASSPHRASE));
  assertEquals([shut.keys.length, asked.length], [0, 3]);
  asked.length = 0;
  const silent = await accessOf(home, { sshKey: [key] }, answering());
  assertEquals([silent.keys.length, asked.length], [0, 1]);
  asked.length = 0;
  const known = await accessOf(home, { sshKey: [key], sshPassphrase: PASSPHRASE }, answering());
  assertEquals([known.keys.length, asked.length], [1, 0]);
});
