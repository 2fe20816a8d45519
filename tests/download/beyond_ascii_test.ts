/** Fields of HTTP that are not ASCII: where redirects lead, and what headers of a task say. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DownloadError } from "../../download/download_error.ts";
import { ANONYMOUS } from "../../download/http_identity.ts";
import { HttpDriver } from "../../download/protocols/http_driver.ts";
import { drive } from "../support/drive.ts";
import { RawServer, reply } from "./raw_server.ts";

const WAYS = [
  { name: "lane", lane: true, denyPrivate: false },
  { name: "fetch", lane: false, denyPrivate: false },
  { name: "lane with --deny-private", lane: true, denyPrivate: true },
  { name: "dialed with --deny-private", lane: false, denyPrivate: true },
];

/** Answers whatever the script says of a path, and keeps the requests. */
function serve(requests: string[], answer: (path: string) => string): RawServer {
  return new RawServer(async (connection) => {
    for (let head = await connection.request(); head !== undefined; head = await connection.request()) {
      requests.push(head);
      await connection.send(answer(head.split(" ")[1]!));
    }
  });
}

/** The bytes of a text, one character each. */
function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

for (const way of WAYS) {
  const open = (server: RawServer) => {
    const identity = { ...ANONYMOUS, denyPrivate: way.denyPrivate, allowPrivate: [server.url().host] };
    return new HttpDriver({ idlePerHost: 1, lane: way.lane, identity });
  };

  Deno.test(`HttpDriver goes where a redirect leads, whatever its Location is written in, ${way.name}`, async () => {
    const locations: Record<string, [locations: string[], path: string]> = {
      "/utf8": [[bytesOf("/café/漢字.txt")], "/caf%C3%A9/%E6%BC%A2%E5%AD%97.txt"],
      "/latin1": [["/caf\xe9.txt"], "/caf%C3%A9.txt"],
      "/escaped": [["/caf%C3%A9.txt"], "/caf%C3%A9.txt"],
      "/comma": [["/Smith, John,/a.txt"], "/Smith,%20John,/a.txt"],
      "/twice": [["/same,", "/same,"], "/same,"],
    };
    const paths: string[] = [];
    await using server = serve(paths, (path) => {
      const fields = locations[path]?.[0].map((location) => `Location: ${location}`);
      return fields === undefined ? reply("x") : reply("", "302 Found", ...fields);
    });
    using driver = open(server);
    for (const [from, [, expected]] of Object.entries(locations)) {
      const { response } = await drive(driver, server.url(from).href);
      assertEquals(new URL(response.finalUrl).pathname, expected);
      assertEquals(paths.at(-1)!.split(" ")[1], expected);
    }
  });

  Deno.test(`HttpDriver takes one Location with a comma for one address where it sees the head itself, ${way.name}`, async () => {
    const locations: Record<string, [location: string, path: string]> = {
      "/list": ["/a, /b", "/a,%20/b"],
      "/url": ["/a, http://other.test/b", "/a,%20http://other.test/b"],
      "/query": ["/x?from=a, /b, /c", "/x?from=a,%20/b,%20/c"],
    };
    const paths: string[] = [];
    await using server = serve(paths, (path) => {
      const location = locations[path]?.[0];
      return location === undefined ? reply("x") : reply("", "302 Found", `Location: ${location}`);
    });
    using driver = open(server);
    for (const [from, [, expected]] of Object.entries(locations)) {
      const opening = drive(driver, server.url(from).href);
      if (way.lane) {
        await opening;
        assertEquals(paths.at(-1)!.split(" ")[1], expected);
      } else {
        await assertRejects(() => opening, DownloadError, "more than one Location");
      }
    }
  });

  Deno.test(`HttpDriver follows no redirect that leads to two places, ${way.name}`, async () => {
    const paths: string[] = [];
    const places = [["/a", "/b"], ["/a", "http://other.test/a"], ["https://one.test/", "https://two.test/"]];
    await using server = serve(
      paths,
      (path) =>
        reply("", "302 Found", ...(places[Number(path.slice(1))] ?? []).map((location) => `Location: ${location}`)),
    );
    using driver = open(server);
    for (const i of places.keys()) {
      const error = await assertRejects(() => drive(driver, server.url(`/${i}`).href), DownloadError);
      assertEquals([error.kind, error.retryable, error.status], ["redirect", false, 302]);
      assertMatch(error.message, /: status 302 with more than one Location$/);
    }
    assertEquals(paths.length, places.length);
  });

  Deno.test(`HttpDriver sends headers of a task in UTF-8, ${way.name}`, async () => {
    const requests: string[] = [];
    await using server = serve(requests, () => reply("x"));
    using driver = open(server);
    for (const value of ["漢字", "é", "plain"]) {
      await drive(driver, server.url().href, { headers: { "X-Name": value } });
      assertMatch(requests.pop()!, new RegExp(`\\r\\nx-name: ${bytesOf(value)}\\r\\n`, "i"));
    }
  });
}
