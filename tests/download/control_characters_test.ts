/** What servers, and drivers of the user, say in errors must not talk to the terminal that shows them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import type { DownloadDriver } from "../../download/download_driver.ts";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { FtpDriver } from "../../download/protocols/ftp_driver.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { request } from "../support/drive.ts";
import { startCustomDriver } from "../support/custom_driver.ts";
import { TempDir } from "../support/temp_dir.ts";
import { answering, RawServer, reply } from "./raw_server.ts";

/** Colors, a title for the window, a bell, and the one-byte spelling of an escape sequence in UTF-8. */
const EVIL = "\x1b[31mred\x1b]0;title\x07 \xc2\x9b31m\x7f no";
const SHOWN = " [31mred ]0;title   31m  no";

async function message(driver: DownloadDriver, url: string): Promise<string> {
  const error = await assertRejects(() => driver.open(request(url)), DownloadError);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert(!/[\u0000-\u001f\u007f-\u009f]/.test(error.toTaskError(0).message), JSON.stringify(error.message));
  return error.message;
}

Deno.test("DownloadError says no control characters that a server of FTP sends", async () => {
  await using server = new RawServer(async (connection) => {
    await connection.send(`530 ${EVIL}\r\n`);
    await connection.gone();
  });
  using driver = new FtpDriver(ANONYMOUS);
  const { host } = server.url();
  assertEquals(await message(driver, `ftp://${host}/x`), `${host}: FTP reply 530: ${SHOWN}`);
});

for (const lane of [true, false]) {
  Deno.test(`DownloadError says no control characters that a server of HTTP sends, ${lane ? "lane" : "fetch"}`, async () => {
    await using server = new RawServer(
      answering((head) =>
        head.startsWith("GET /to")
          ? reply("", "302 Found", "Location: gopher://a/\xc2\x9b31m\x85")
          : reply("x", "200 OK", "Transfer-Encoding: \x9b31m")
      ),
    );
    using driver = new HttpDriver({ idlePerHost: 1, lane });
    await message(driver, server.url("/to").href);
    await message(driver, server.url("/coded").href);
  });
}

Deno.test("DownloadError says no control characters that a driver of the user passes on", async () => {
  await using home = await TempDir.create();
  const text = JSON.stringify(`said\n${EVIL}`);
  await home.write("driver.ts", `export default { open() { throw new Error(${text}); } };`);
  await using driver = await startCustomDriver(toFileUrl(home.join("driver.ts")).href);
  assert((await message(driver, "mem:x")).startsWith("said [31mred ]0;title "));
});
