import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { modifiedTime } from "../../download/modified_time.ts";
import { parseHttpDate } from "../../download/http_date.ts";
import { decodePartState, partState } from "../../download/part_state.ts";

const NOW = Date.UTC(2026, 0);
const NOV_1994 = Date.UTC(1994, 10, 6, 8, 49, 37);
const FORMS = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
const NO_DATES = [
  "",
  "0",
  "-1",
  "1",
  "1994",
  "784111777",
  "tomorrow",
  "1994-11-06",
  "1994-11-06T08:49:37Z",
  "06 Nov 1994 08:49:37 GMT",
  "Sun, 6 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 94 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37",
  "Sun, 06 Nov 1994 08:49:37 UTC",
  "Sun, 06 Nov 1994 08:49:37 +0000",
  "Sun, 06 Nov 1994 08:49:37 EST",
  "Sun, 06 Nov 1994 24:00:00 GMT",
  "Sun, 06 Nov 1994 08:60:37 GMT",
  "Sun, 06 Nov 1994 08:49 GMT",
  "Sun, 31 Feb 1994 08:49:37 GMT",
  "Sun, 00 Nov 1994 08:49:37 GMT",
  "Son, 06 Nov 1994 08:49:37 GMT",
  "Sun, 06 nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  "Sunday, 06-Nov-1994 08:49:37 GMT",
  "Sun, 06-Nov-94 08:49:37 GMT",
  "Sun Nov 6 08:49:37 1994",
  "Sun Nov  6 08:49:37 1994 GMT",
  "Sun Nov 06 1994 08:49:37 GMT+0100",
];

Deno.test("parseHttpDate reads the three forms of HTTP", () => {
  for (const text of FORMS) assertEquals(parseHttpDate(text, NOW), NOV_1994, text);
  assertEquals(parseHttpDate("Sun Nov 16 08:49:37 1994", NOW), NOV_1994 + 10 * 86_400_000);
  assertEquals(parseHttpDate("Tue, 29 Feb 2000 23:59:60 GMT", NOW), Date.UTC(2000, 2, 1));
  assertEquals(parseHttpDate("Mon, 01 Jan 0001 00:00:00 GMT", NOW), Date.parse("0001-01-01T00:00:00Z"));
});

Deno.test("parseHttpDate takes nothing else", () => {
  for (const text of NO_DATES) assertEquals(parseHttpDate(text, NOW), undefined, text);
});

Deno.test("parseHttpDate takes a year of two digits for one that is at most 50 years ahead", () => {
  const year = (text: string, now: number) =>
    new Date(parseHttpDate(`Monday, 01-Jan-${text} 00:00:00 GMT`, now)!).getUTCFullYear();
  assertEquals(["26", "76", "77", "99", "00"].map((text) => year(text, NOW)), [2026, 2076, 1977, 1999, 2000]);
  assertEquals(["49", "48", "98", "99"].map((text) => year(text, Date.UTC(2098, 5))), [2149 - 100, 2148, 2098, 2099]);
});

Deno.test("parseHttpDate reads whatever toUTCString writes", () => {
  fc.assert(fc.property(fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
    assertEquals(parseHttpDate(date.toUTCString()), Math.floor(date.getTime() / 1000) * 1000);
  }));
});

Deno.test("modifiedTime gives a file the time of each form, and no time of anything else", () => {
  for (const lastModified of FORMS) assertEquals(modifiedTime({ lastModified }, true), NOV_1994 / 1000, lastModified);
  for (const lastModified of NO_DATES) assertEquals(modifiedTime({ lastModified }, true), undefined, lastModified);
});

Deno.test("partState keeps a version by a date of each form, and by nothing else", () => {
  const state = (lastModified: string, date: string) =>
    partState("http://x.test/", { length: 10, lastModified, headers: new Headers({ date }) }, "boot");
  const later = "Sun, 06 Nov 1994 08:49:38 GMT";
  for (const lastModified of FORMS) {
    const kept = state(lastModified, later)!;
    assertEquals(kept.lastModified, lastModified);
    assertEquals(decodePartState(JSON.stringify({ version: 1, ...kept }))?.lastModified, lastModified);
  }
  for (const text of NO_DATES) {
    assertEquals(state(text, later), undefined, text);
    assertEquals(state(FORMS[0]!, text), undefined, text);
    const torn = { version: 1, url: "http://x.test/", length: 10, lastModified: text, bootId: "boot", synced: 0 };
    assertEquals(decodePartState(JSON.stringify(torn)), undefined, text);
  }
});

Deno.test("parseHttpDate reads UTC, wherever the machine is", async () => {
  const module = import.meta.resolve("../../download/http_date.ts");
  const code = `const { parseHttpDate } = await import(${JSON.stringify(module)});
    console.log(JSON.stringify(${JSON.stringify(FORMS)}.map((text) => parseHttpDate(text))));
    console.log(new Date(0).getHours());`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    env: { TZ: "America/New_York" },
  }).output();
  const [dates, hour] = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals(JSON.parse(dates!), FORMS.map(() => NOV_1994));
  assertEquals(hour, "19");
});
