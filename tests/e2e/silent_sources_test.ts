/** Sources that never answer, in ways that only a clock of our own ends. */
import { assertEquals } from "@std/assert";
import { answering, RawServer } from "../download/raw_server.ts";
import { assertCode, shareCommandProcesses } from "../support/corehaul.ts";
import { runOnce, testClients } from "../support/run_once.ts";
import { TempDir } from "../support/temp_dir.ts";

shareCommandProcesses(2);

testClients(
  "corehaul ends with a driver of the user that never answers, and with a server that changes the protocol",
  async (client) => {
    await using home = await TempDir.create();
    await home.write(
      "driver.ts",
      `export default {
      open({ url }) {
        if (url.endsWith("open")) return new Promise(() => {});
        return { length: 10, body: (async function* () { yield new Uint8Array(1); await new Promise(() => {}); })() };
      },
    };`,
    );
    await using server = new RawServer(
      answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    );
    const { host } = server.url();
    const kinds = async (urls: string[], stallTimeout: string) => {
      await using place = await TempDir.create();
      const { ended, tasks } = await runOnce(place, client, urls, [
        ...["--protocol", `mem:=${home.join("driver.ts")}`, "--deny-private", "--allow-private", host],
        ...["--stall-timeout", stallTimeout, "--retries", "0"],
      ]);
      assertCode(ended, 1);
      return Object.fromEntries(tasks.map(({ url, error }) => [url.split("/").at(-1), error?.kind]));
    };
    assertEquals(await kinds(["mem://x/open", "mem://x/body"], "0.5"), { open: "timeout", body: "timeout" });
    // Nothing but the answer ends this one.
    assertEquals(await kinds([server.url("/upgrade").href], "3600"), { upgrade: "protocol" });
  },
);
