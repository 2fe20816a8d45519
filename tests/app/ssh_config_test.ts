/** What `ssh_config` says of a host, beside what OpenSSH's own client reads in it. */
import { assertEquals, assertRejects } from "@std/assert";
import { readSshConfig } from "../../app/ssh_config.ts";
import { SshFiles } from "../../app/ssh_files.ts";
import type { SshAccess } from "../../download/protocols/ssh_access.ts";
import { findProgram } from "../support/find_program.ts";
import { TempDir } from "../support/temp_dir.ts";

const KEYWORDS = ["hostname", "port", "user", "hostkeyalias", "stricthostkeychecking"] as const;

/** What `ssh -G` says. */
async function oracle(file: string, alias: string): Promise<Record<string, string>> {
  const ssh = await findProgram("ssh", ["-V"], "openssh-client");
  const { stdout, stderr, success } = await new Deno.Command(ssh, { args: ["-G", "-F", file, alias] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).split("\n").map((line) => line.split(" "));
  return Object.fromEntries(lines.map(([keyword = "", ...value]) => [keyword, value.join(" ")]));
}

Deno.test("readSshConfig follows Include as ssh does", async () => {
  await using home = await TempDir.create();
  const at = (name: string) => home.join(name);
  await home.write("conf.d/20-b.conf", "Host two\n  HostName two.example\n  Port 2222\nHost *\n  HostKeyAlias late\n");
  await home.write("conf.d/10-a.conf", "User global\nHost one\n  HostName one.example\nHost two\n  User of-two\n");
  await home.write("nested.conf", `Include ${at("deepest.conf")}\nPort 2301\n`);
  await home.write("deepest.conf", "Host three\n  HostKeyAlias deepest\n");
  await home.write("with space.conf", "Host three\n  StrictHostKeyChecking accept-new\n");
  await home.write(
    "config",
    [
      `Include ${at("conf.d/*.conf")} ${at("none.conf")}`,
      "Host one",
      "  Port 2101",
      `  include "${at("conf.d/20-b.conf")}"`,
      "  HostKeyAlias of-one",
      "Host three",
      "  HostName three.example",
      `  Include=${at("nested.conf")}`,
      "  Port 9999",
      `  Include "${at("with space.conf")}"`,
      "  StrictHostKeyChecking no",
      "Match originalhost four",
      `  Include ${at("nested.conf")}`,
      "  HostName four.example",
      "Host *",
      "  User last",
    ].join("\n"),
  );
  for (const alias of ["one", "two", "three", "four", "five"]) {
    const expected = await oracle(at("config"), alias);
    const config = await readSshConfig(at("config"), home.path, alias);
    const defaults: Record<string, string> = { hostname: alias, port: "22", stricthostkeychecking: "ask" };
    for (const keyword of KEYWORDS) {
      const strict = expected[keyword]?.replace("false", "no").replace("true", "yes");
      assertEquals(config(keyword) ?? defaults[keyword], strict, `${alias} ${keyword}`);
    }
  }
});

Deno.test("readSshConfig finds relative files below ~/.ssh, and refuses those that include each other", async () => {
  await using home = await TempDir.create();
  await home.write(".ssh/config", "Include other\nInclude ~/third\n");
  await home.write(".ssh/other", "Host a\n  Port 1\n");
  await home.write("third", "Host a\n  User third\n");
  const config = await readSshConfig(home.join(".ssh/config"), home.path, "a");
  assertEquals([config("port"), config("user")], ["1", "third"]);
  await home.write(".ssh/other", "Include other\n");
  await assertRejects(
    () => readSshConfig(home.join(".ssh/config"), home.path, "a"),
    Error,
    "Include leads through more than 16 files",
  );
});

async function accessOf(home: TempDir, text: string, sshAcceptNew = false): Promise<SshAccess | string> {
  await home.write(".ssh/config", text);
  const answer = await new SshFiles({ sshAcceptNew }, home.path).access({ alias: "a" });
  return answer.type === "access" ? answer.access : answer.message;
}

Deno.test("SshFiles takes HostKeyAlias and StrictHostKeyChecking from the configuration", async () => {
  await using home = await TempDir.create();
  const cases: [value: string, flag: boolean, acceptNew: boolean][] = [
    ["yes", false, false],
    ["ask", false, false],
    ["accept-new", false, true],
    ["no", false, true],
    ["off", false, true],
    // Who says it at the command line has the last word.
    ["yes", true, true],
  ];
  for (const [value, flag, acceptNew] of cases) {
    const access = await accessOf(home, `Host a\n  StrictHostKeyChecking ${value}\n  HostKeyAlias node\n`, flag);
    assertEquals(typeof access === "string" ? access : [access.acceptNew, access.hostKeyAlias], [acceptNew, "node"]);
  }
  assertEquals(
    await accessOf(home, "StrictHostKeyChecking maybe\n"),
    'Cannot use ~/.ssh/config as its StrictHostKeyChecking must be yes, ask, accept-new, no or off: current value is "maybe"',
  );
});

Deno.test("SshFiles keeps a key under HostKeyAlias in the file that the configuration names, and in none if it says so", async () => {
  await using home = await TempDir.create();
  for (const [named, file] of [["~/known", "known"], ["none", undefined]] as const) {
    await home.write(".ssh/config", `HostKeyAlias Node\nUserKnownHostsFile ${named}\nPort 2222\n`);
    const files = new SshFiles({ sshAcceptNew: true }, home.path);
    await files.access({ alias: "a" });
    assertEquals(await files.trust("node ssh-ed25519 AAAA"), undefined);
    if (file !== undefined) assertEquals(await Deno.readTextFile(home.join(file)), "node ssh-ed25519 AAAA\n");
  }
  const names = await Array.fromAsync(Deno.readDir(home.join(".ssh")), ({ name }) => name);
  assertEquals(names, ["config"]);
});
