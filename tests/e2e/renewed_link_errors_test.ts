/** What is shown of a link of --refresh-cmd that fails. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawServer } from "../download/raw_server.ts";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { FaultServer } from "../support/fault_server.ts";
import { freePort } from "../support/nginx_server.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses(2);

testClients(
  "corehaul shows no key of a link of --refresh-cmd whose server cannot be reached, or hangs up",
  async (client) => {
    await using home = await TempDir.create();
    await using server = FaultServer.start(() => new Response("", { status: 403 }));
    await using silent = new RawServer((connection) => connection.request().then(() => {}));
    const hosts: Record<string, string> = { closed: `127.0.0.1:${freePort()}`, silent: silent.url().host };
    const entries = Object.keys(hosts).map((name) => `${server.url}/${name}`);
    const key = "a=(x)&b=y)&X-Amz-Signature=secret";
    const command = `case "$COREHAUL_URL" in
    *closed) echo "http://${hosts.closed}/f?${key}";;
    *) echo "http://${hosts.silent}/f?${key}";;
  esac`;
    const { ended, tasks } = await runOnce(home, client, entries, ["--refresh-cmd", command, "--retries", "1"]);
    assertCode(ended, 1);
    assertEquals(tasks.map(({ error }) => error?.kind), ["network", "network"]);
    const shown = [ended.stdout, ended.stderr, JSON.stringify(tasks)].join("\n");
    for (const host of Object.values(hosts)) assertMatch(shown, new RegExp(`"${host}: `));
    assert(!/secret|a=\(x/.test(shown), shown);
  },
);
