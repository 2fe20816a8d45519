/** Redirects, and what goes along with them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { bytesFor, FaultServer } from "../support/fault_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { assertWhole, filesIn } from "../support/task_table.ts";
import { TempDir } from "../support/temp_dir.ts";
import { VsftpdServer } from "../support/vsftpd_server.ts";

const SIZE = 100_000;

shareCommandProcesses(2);

testClients("corehaul follows redirects, and notes where they led", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => {
    const status = /^\/from-(\d+)$/.exec(path)?.[1];
    if (status !== undefined) return new Response("", { status: Number(status), headers: { location: "to/here?x=1" } });
    return new Response(bytesFor(path, SIZE));
  });
  const statuses = [301, 302, 303, 307, 308];
  const { ended, tasks } = await runOnce(home, client, statuses.map((status) => `${server.url}/from-${status}`));
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), () => bytesFor("/to/here", SIZE));
  for (const task of tasks) assertEquals((task as { finalUrl?: string }).finalUrl, `${server.url}/to/here?x=1`);
});

testClients("corehaul follows a redirect to FTP, and takes no password along", async (client) => {
  await using home = await TempDir.create();
  await home.write("served/pub/there.bin", bytesFor("there", SIZE));
  await using ftp = await VsftpdServer.start(home.join("served"));
  const location = `${ftp.url()}/pub/there.bin`;
  await using server = FaultServer.start(() => new Response("", { status: 301, headers: { location } }));
  await home.write("netrc", "default login me password secret\n");
  const { ended, tasks } = await runOnce(home, client, [`${server.url.replace("//", "//me:secret@")}/here`], [
    "--netrc",
    home.join("netrc"),
  ]);
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), () => bytesFor("there", SIZE));
  const task = tasks[0] as { out: string; finalUrl?: string };
  assertEquals([task.out, task.finalUrl], ["there.bin", location]);
  assertEquals(await ftp.commands("USER"), ["USER anonymous"]);
});

testClients("corehaul gives up on a redirect that leads in a circle or nowhere", async (client) => {
  await using home = await TempDir.create();
  await using server = FaultServer.start(({ path }) => {
    const location: Record<string, string> = { "/circle": "/circle", "/file": "file:///etc/passwd" };
    return new Response("", { status: 302, ...(path === "/none" ? {} : { headers: { location: location[path]! } }) });
  });
  const names = ["circle", "file", "none"];
  const { ended, tasks } = await runOnce(home, client, names.map((name) => `${server.url}/${name}`), [
    "--max-redirects",
    "5",
  ]);
  assertCode(ended, 1);
  assertEquals(names.map((name) => server.hits(`/${name}`)), [6, 1, 1]);
  for (const { status, attempts, error } of tasks) {
    assertEquals([status, attempts, error?.kind], ["failed", 1, "redirect"]);
  }
  assertMatch(tasks.find(({ url }) => url.endsWith("circle"))!.error!.message, /more than 5 redirects/);
  assertEquals(await filesIn(home.join("files")), []);
});

testClients("corehaul sends a task's headers to its origin and to no other", async (client) => {
  await using home = await TempDir.create();
  await using other = FaultServer.start(({ path }) =>
    path === "/back"
      ? new Response("", { status: 302, headers: { location: `${server.url}/end` } })
      : new Response(bytesFor(path, SIZE))
  );
  await using server: FaultServer = FaultServer.start(({ path }) => {
    const location: Record<string, string> = {
      "/same": "/end",
      "/away": `${other.url}/end`,
      "/round": `${other.url}/back`,
    };
    const to = location[path];
    return to === undefined
      ? new Response(bytesFor(path, SIZE))
      : new Response("", { status: 302, headers: { location: to } });
  });
  const headers = { Authorization: "Bearer secret-token", "X-Key": "secret-key", Cookie: "secret-cookie" };
  const entries = ["same", "away", "round"].map((name) => ({ url: `${server.url}/${name}`, headers }));
  const { ended, tasks } = await runOnce(home, client, entries);
  assertCode(ended, 0);
  await assertWhole(tasks, home.join("files"), () => bytesFor("/end", SIZE));
  const secrets = (from: FaultServer) =>
    from.requests.map(({ path, headers }) => [path, /secret/.test(JSON.stringify([...headers]))]).sort();
  assertEquals(secrets(other), [["/back", false], ["/end", false]]);
  assertEquals(secrets(server), [
    ["/away", true],
    ["/end", false],
    ["/end", true],
    ["/round", true],
    ["/same", true],
  ]);
  // Nor do they appear in what is shown.
  assert(!/secret/.test(JSON.stringify(tasks) + ended.stdout + ended.stderr));
});
