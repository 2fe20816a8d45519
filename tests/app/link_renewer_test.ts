import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { LinkRenewer, type LinkRenewerOptions } from "../../app/link_renewer.ts";
import type { ExpiredLink } from "../../download/expired_link.ts";
import { TempDir } from "../support/temp_dir.ts";
import { until } from "../support/until.ts";

const LINK: ExpiredLink = { url: "http://h/a?k=1", id: "t1", out: "a", attempt: 1, status: 403 };

async function renew(command: string, link: Partial<ExpiredLink> = {}, more: Partial<LinkRenewerOptions> = {}) {
  using renewer = new LinkRenewer({ command, ...more });
  return await renewer.renew({ ...LINK, ...link });
}

async function problem(...args: Parameters<typeof renew>): Promise<string> {
  const answer = await renew(...args);
  assert(answer.type === "problem", JSON.stringify(answer));
  return answer.message;
}

Deno.test("LinkRenewer gives the url that a shell command prints", async () => {
  assertEquals(await renew("echo http://new/x?a=b"), { type: "url", url: "http://new/x?a=b" });
  assertEquals(await renew("printf '  https://new/y z\\n' | tr -d ' '"), { type: "url", url: "https://new/yz" });
});

Deno.test("LinkRenewer tells the command about the task in variables", async () => {
  const command =
    'echo "http://new/?$COREHAUL_ID,$COREHAUL_OUT,$COREHAUL_ATTEMPT,$COREHAUL_STATUS,${COREHAUL_URL##*/}"';
  const link = { url: "http://me:pw@h/a%20b?k=1", id: "mine", out: "x/y", attempt: 3, status: 410 };
  assertEquals(await renew(command, link), { type: "url", url: "http://new/?mine,x/y,3,410,a%20b?k=1" });
});

Deno.test("LinkRenewer runs nothing of what stands in a task", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const trap = join(folder, "trap");
    const evil = `$(touch ${trap}) \`touch ${trap}\` "; touch ${trap}; ' ; touch ${trap} #\n touch ${trap}\0`;
    const link = { url: `http://h/${evil}`, id: evil, out: evil };
    const answer = await renew(
      'echo "$COREHAUL_URL" $COREHAUL_URL "$COREHAUL_ID" $COREHAUL_OUT >&2; echo http://new/',
      link,
    );
    assertEquals(answer, { type: "url", url: "http://new/" });
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("LinkRenewer names the command by its first word, and shows nothing of what it prints", async () => {
  const must = "must print one http or https url: it printed";
  const other = (size: string) => `something else (${size}), which may be secret and is not shown`;
  assertEquals(await problem("echo"), `--refresh-cmd (echo) ${must} nothing`);
  assertEquals(
    await problem("echo sorry secret-arg"),
    `--refresh-cmd (echo …) ${must} ${other("16 characters in 1 line")}`,
  );
  assertEquals(
    await problem("echo ftp://me:secret@h/x?secret"),
    `--refresh-cmd (echo …) ${must} ${other("26 characters in 1 line")}`,
  );
  assertEquals(
    await problem("echo http://h/1?secret; echo http://h/2#secret"),
    `--refresh-cmd (echo …) ${must} ${other("35 characters in 2 lines")}`,
  );
  assertEquals(
    await problem("printf '%070000d' 7"),
    `--refresh-cmd (printf …) ${must} ${other("65536 characters and more in 1 line")}`,
  );
  const hidden = "what it said may be secret and is not shown";
  assertEquals(
    await problem("echo one >&2; echo 'no http://me:pw@h/x?secret, token=secret' >&2; exit 3"),
    `--refresh-cmd (echo …) ended with code 3; ${hidden}`,
  );
  assertEquals(await problem("false"), "--refresh-cmd (false) ended with code 1");
  assertEquals(await problem("kill -9 $$"), "--refresh-cmd (kill …) was ended by SIGKILL");
  assertEquals(
    await problem("no-such-program-here"),
    `--refresh-cmd (no-such-program-here) ended with code 127; ${hidden}`,
  );
});

Deno.test("LinkRenewer keeps no more of an endless output than a beginning, and ends what takes too long", async () => {
  assertEquals(await problem("yes", {}, { timeoutMs: 300 }), "--refresh-cmd (yes) was not done after 0.3 s");
  // The children of the shell are ended too: they would keep its output open.
  assertEquals(
    await problem("sleep 1000 | sleep 1001; echo http://new/", {}, { timeoutMs: 200 }),
    "--refresh-cmd (sleep …) was not done after 0.2 s",
  );
});

Deno.test("LinkRenewer runs only so many at a time, and lets none be forgotten", async () => {
  await using folder = await TempDir.create();
  const { path } = folder;
  // Each notes how many are at it together with it, and none ends before two were.
  const command = `touch ${path}/run-$$; ls ${path} | grep -c run- >> ${path}/seen; ` +
    `until [ -e ${path}/go ]; do sleep 0.05; done; rm ${path}/run-$$; echo http://new/$COREHAUL_ID`;
  using renewer = new LinkRenewer({ command, atOnce: 2 });
  const ids = ["1", "2", "3", "4", "5", "6"];
  const answers = Promise.all(ids.map((id) => renewer.renew({ ...LINK, id })));
  const seen = async () =>
    (await Deno.readTextFile(folder.join("seen")).catch(() => "")).trim().split("\n").map(Number);
  await until("two to run", async () => (await seen()).length >= 2);
  await folder.write("go", "");
  assertEquals(await answers, ids.map((id) => ({ type: "url", url: `http://new/${id}` })));
  const counts = await seen();
  assertEquals([counts.length, Math.max(...counts)], [6, 2]);
});

Deno.test("LinkRenewer ends what is running when it is disposed of, and runs nothing after it", async () => {
  await using folder = await TempDir.create();
  const command = `sleep 1000 & touch ${folder.join("begun")}; wait; echo http://new/`;
  const renewer = new LinkRenewer({ command, atOnce: 1 });
  const answers = Promise.all([renewer.renew(LINK), renewer.renew(LINK)]);
  await until("the command to run", async () => (await folder.names()).length > 0);
  renewer[Symbol.dispose]();
  for (const answer of [...await answers, await renewer.renew(LINK)]) {
    assertEquals(answer, { type: "problem", message: "--refresh-cmd (sleep …) was stopped" });
  }
});

Deno.test("LinkRenewer waits for nothing that its command has left behind", async () => {
  // It is in no group of the command's, and keeps both of its pipes.
  const pids = await Deno.makeTempFile();
  try {
    const left = `setsid sh -c 'echo $$ >${pids}; exec sleep 600' & while [ ! -s ${pids} ]; do :; done`;
    assertEquals(await renew(`${left}; echo http://new/x`), { type: "url", url: "http://new/x" });
    Deno.kill(Number(await Deno.readTextFile(pids)), "SIGKILL");
  } finally {
    await Deno.remove(pids);
  }
});
