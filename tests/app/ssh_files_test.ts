import { assertEquals } from "@std/assert";
import { SshFiles } from "../../app/ssh_files.ts";
import { makeFifo, makeNullDevice } from "../support/nodes.ts";
import { TempDir } from "../support/temp_dir.ts";

const LINE = "host.test ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOne";
const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;

/** What would read and write the files of a user with this home. */
async function filesOf(home: TempDir, sshKnownHosts?: string): Promise<SshFiles> {
  const files = new SshFiles(
    { sshKey: [], sshAcceptNew: true, ...(sshKnownHosts === undefined ? {} : { sshKnownHosts }) },
    home.path,
  );
  await files.access({ alias: "host.test" });
  return files;
}

Deno.test("SshFiles keeps a host key in the file that is there, with the mode that it has", async () => {
  await using home = await TempDir.create();
  for (const mode of [0o644, 0o664, 0o640]) {
    await home.write("known", "other.test ssh-ed25519 AAAA");
    await Deno.chmod(home.join("known"), mode);
    assertEquals(await (await filesOf(home, home.join("known"))).trust(LINE), undefined);
    assertEquals(await Deno.readTextFile(home.join("known")), `other.test ssh-ed25519 AAAA\n${LINE}\n`);
    assertEquals(await modeOf(home.join("known")), mode);
  }
});

Deno.test("SshFiles makes a file of host keys for its owner alone, also where a link leads to none", async () => {
  await using home = await TempDir.create();
  assertEquals(await (await filesOf(home)).trust(LINE), undefined);
  assertEquals(await Deno.readTextFile(home.join(".ssh/known_hosts")), `${LINE}\n`);
  assertEquals([await modeOf(home.join(".ssh/known_hosts")), await modeOf(home.join(".ssh"))], [0o600, 0o700]);
  await Deno.symlink("aside", home.join("link"));
  assertEquals(await (await filesOf(home, home.join("link"))).trust(LINE), undefined);
  assertEquals([await Deno.readTextFile(home.join("aside")), await modeOf(home.join("aside"))], [`${LINE}\n`, 0o600]);
  assertEquals((await Deno.lstat(home.join("link"))).isSymlink, true);
});

Deno.test("SshFiles leaves a device that the configuration names as it is", async () => {
  await using home = await TempDir.create();
  if (!await makeNullDevice(home.join("null"))) return;
  await Deno.chmod(home.join("null"), 0o666);
  await home.write(".ssh/config", `Host *\n  UserKnownHostsFile ${home.join("null")}\n`);
  const files = await filesOf(home);
  for (let i = 0; i < 2; i++) assertEquals(await files.trust(LINE), undefined);
  const { isCharDevice, mode } = await Deno.lstat(home.join("null"));
  assertEquals([isCharDevice, mode! & 0o777], [true, 0o666]);
});

Deno.test("SshFiles writes a host key into a FIFO, and reads none from it meanwhile", async () => {
  await using home = await TempDir.create();
  const fifo = await makeFifo(home.join("fifo"));
  const writer = new Deno.Command("bash", { args: ["-c", `true > ${fifo}`] }).spawn();
  const files = await filesOf(home, fifo);
  await writer.status;
  const reader = new Deno.Command("cat", { args: [fifo], stdout: "piped" }).spawn();
  assertEquals(await files.trust(LINE), undefined);
  assertEquals(await new Response(reader.stdout).text(), `${LINE}\n`);
  await reader.status;
  assertEquals(await modeOf(fifo), 0o644);
});
