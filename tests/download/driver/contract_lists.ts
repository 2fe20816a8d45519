import { assert, assertEquals } from "@std/assert";
import type { DownloadDriver, ListedFile } from "../../../download/download_driver.ts";
import { drive } from "../../support/drive.ts";
import { bytesFor } from "../../support/fault_server.ts";
import { freePort } from "../../support/nginx_server.ts";
import { ODD_NAMES } from "../../support/odd_names.ts";
import {
  assertBytes,
  assertFailsWith,
  assertMayPass,
  assertMissing,
  assertServes,
  type DriverCase,
  type DriverServer,
  failureOf,
  giveUp,
  STAMP,
} from "./contract_kit.ts";

const never = new AbortController().signal;

async function list(driver: DownloadDriver, url: string, signal = never): Promise<ListedFile[]> {
  assert(driver.list !== undefined, "the driver lists nothing");
  const files = await Array.fromAsync(driver.list({ url, signal }));
  return files.sort((one, other) => one.path < other.path ? -1 : 1);
}

/** Puts files, and gives their paths in order. */
async function put(server: DriverServer, folder: string, paths: readonly string[]): Promise<string[]> {
  for (const path of paths) await server.put(`${folder}/${path}`, bytesFor(path, 10), STAMP);
  return paths.toSorted((one, other) => one < other ? -1 : 1);
}

/** Folders. */
export const listCases = {
  "lists the files of a folder and of all folders below it, by urls that lead to them": async (server) => {
    using driver = server.driver();
    const below = ODD_NAMES.map((name, i) => `${"sub folder/+%/".repeat(i % 3)}${name}`);
    const paths = await put(server, "lists/all", [...below, "x", "sub folder/x"]);
    await put(server, "lists/all but not this", ["y"]);
    const files = await list(driver, server.url("lists/all/"));
    assertEquals(files.map(({ path }) => path), paths);
    for (const { url, path } of files) {
      assertBytes((await drive(driver, url)).bytes, bytesFor(path, 10), path);
      assertEquals(new URL(url).href, new URL(server.url(`lists/all/${path}`)).href);
    }
  },

  "takes ? and # in the url of a folder for letters of its name": async (server) => {
    using driver = server.driver();
    const paths = await put(server, "lists/a?b#c", ["x", "sub?/y"]);
    const files = await list(driver, server.url("lists/a?b#c/").replaceAll("%3F", "?").replaceAll("%23", "#"));
    assertEquals(files.map(({ path }) => path), paths);
    for (const { url, path } of files) assertBytes((await drive(driver, url)).bytes, bytesFor(path, 10), path);
  },

  "finds nothing in a folder without files": async (server) => {
    using driver = server.driver();
    await Deno.mkdir(server.root!.join("lists/nothing/below"), { recursive: true });
    assertEquals(await list(driver, server.url("lists/nothing/")), []);
  },

  "says that there is no such folder": async (server) => {
    using driver = server.driver();
    assertMissing(await failureOf(list(driver, server.url("lists/no such folder/"))));
    await assertServes(driver, server);
  },

  "passes links over, which may lead in circles": async (server) => {
    using driver = server.driver();
    await put(server, "lists/links", ["file", "folder/file"]);
    const root = server.root!.join("lists/links");
    await Deno.symlink(root, `${root}/folder/circle`);
    await Deno.symlink(`${root}/file`, `${root}/link`);
    assertEquals((await list(driver, server.url("lists/links/"))).map(({ path }) => path), ["file", "folder/file"]);
  },

  "says that nobody is there to list a folder, which may pass": async (server) => {
    const port = freePort();
    using driver = server.driver(port);
    assertMayPass(await failureOf(list(driver, server.url("lists/all/", port))), `:${port}`);
  },

  "lists no further than it is asked to, and lets go": async (server) => {
    using driver = server.driver();
    const paths = await put(server, "lists/many", Array.from({ length: 50 }, (_, i) => `${i % 5}/${i}`));
    const url = server.url("lists/many/");
    const seen: string[] = [];
    for await (const { path } of driver.list!({ url, signal: never })) {
      if (seen.push(path) === 3) break;
    }
    assert(seen.every((path) => paths.includes(path)), seen.join());
    assertEquals((await list(driver, url)).length, 50);
    await assertServes(driver, server);
  },

  "ends with the signal while it lists": async (server) => {
    using driver = server.driver();
    await put(server, "lists/signal", Array.from({ length: 20 }, (_, i) => `${i}/file`));
    const url = server.url("lists/signal/");
    const reason = giveUp();
    await assertFailsWith(list(driver, url, AbortSignal.abort(reason)), reason);
    const controller = new AbortController();
    const listing = async () => {
      for await (const _file of driver.list!({ url, signal: controller.signal })) controller.abort(reason);
    };
    await assertFailsWith(listing(), reason);
    assertEquals((await list(driver, url)).length, 20);
    await assertServes(driver, server);
  },
} satisfies Record<string, DriverCase>;
