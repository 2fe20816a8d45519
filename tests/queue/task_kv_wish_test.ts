import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { textDigest } from "../../base/text_digest.ts";
import { decodeReservation, encodeReservation, isFor } from "../../queue/task_kv_wish.ts";

const url = fc.oneof(
  fc.webUrl(),
  fc.webUrl().map((one) => one + "x".repeat(200)),
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("http://h/a b", "http://h/\ud800", "no-colon", "", "a".repeat(20)),
);
const id = fc.oneof(fc.string(), fc.constantFrom("t1", "", "a b", "\ud800", "http://h/"));

Deno.test("encodeReservation keeps who reserved a path, and for exactly which url", () => {
  fc.assert(fc.property(url, url, id, (one, other, id) => {
    const reservation = decodeReservation(encodeReservation(one, id));
    assertEquals(reservation.id, id);
    assert(isFor(reservation, one));
    assertEquals(isFor(reservation, other), one === other);
  }));
});

Deno.test("encodeReservation stores a short url as it is, and of a long one a digest", () => {
  const short = "https://example.org/a.jpg";
  assertEquals(encodeReservation(short, "t1"), new TextEncoder().encode(`${short} t1`));
  const stored = encodeReservation(`${short}?${"x".repeat(1000)}`, "t1");
  assert(typeof stored !== "string" && stored.length < 30);
});

Deno.test("isFor knows reservations of older lists, in which every url was digested", () => {
  const short = "https://example.org/a.jpg";
  const reservation = decodeReservation(`${textDigest(short, "base64").slice(0, 20)} mine`);
  assertEquals([reservation.id, isFor(reservation, short), isFor(reservation, `${short}x`)], ["mine", true, false]);
});
