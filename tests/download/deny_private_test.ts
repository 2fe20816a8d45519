import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { isPrivateAddress } from "../../download/deny_private.ts";

/** First and last address of each range that is not public, and the public neighbours of both; empty if there is none. */
const RANGES: [first: string, last: string, before?: string, after?: string][] = [
  ["0.0.0.0", "0.255.255.255", "", "1.0.0.0"],
  ["10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
  ["100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
  ["127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
  ["169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
  ["172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
  ["192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"],
  ["192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"],
  ["192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"],
  ["192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
  ["198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"],
  ["198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"],
  ["203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"],
  ["224.0.0.0", "239.255.255.255", "223.255.255.255"],
  ["240.0.0.0", "255.255.255.255"],
  ["::", "::1"],
  ["::2", "::fffe:ffff:ffff"],
  ["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"],
  ["100::", "100::ffff:ffff:ffff:ffff"],
  ["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "", "2001:200::"],
  ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff::", "2001:db9::"],
  ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff::", "3fff:1000::"],
  ["4000::", "fbff::"],
  ["5f00::", "5f00:ffff::"],
  ["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
];

/** How IPv6 carries an address of IPv4. */
const CARRIERS: ((ip: string) => string)[] = [
  (ip) => `::ffff:${ip}`,
  (ip) => `::FFFF:${hex(ip)}`,
  (ip) => `0:0:0:0:0:ffff:${ip}`,
  (ip) => `64:ff9b::${ip}`,
  (ip) => `0064:ff9b:0::${hex(ip)}`,
  (ip) => `2002:${hex(ip)}::`,
  (ip) => `2002:${hex(ip)}:1:2:3:4:5`,
];

function hex(ip: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split(".").map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

Deno.test("isPrivateAddress knows the first and last address of each range, and their neighbours", () => {
  for (const [first, last, before, after] of RANGES) {
    for (const ip of [first, last]) assertEquals(isPrivateAddress(ip), true, ip);
    for (const ip of [before, after]) if (ip) assertEquals(isPrivateAddress(ip), false, ip);
  }
});

Deno.test("isPrivateAddress lets public addresses pass", () => {
  const ips = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82f::200e",
    "2620:fe::fe",
  ];
  ips.push("2400::", "[2606:4700:4700::1111]");
  for (const ip of ips) assertEquals(isPrivateAddress(ip), false, ip);
});

Deno.test("isPrivateAddress judges an address of IPv4 that IPv6 carries like the address itself", () => {
  for (const ip of RANGES.flatMap((ips) => ips.flatMap((ip) => ip?.includes(".") ? [ip] : []))) {
    for (const carrier of CARRIERS) assertEquals(isPrivateAddress(carrier(ip)), isPrivateAddress(ip), carrier(ip));
  }
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom(...CARRIERS), (ip, carrier) => {
      assertEquals(isPrivateAddress(carrier(ip)), isPrivateAddress(ip));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("isPrivateAddress takes the other ways to carry an address of IPv4 for private", () => {
  const ips = ["::8.8.8.8", "::808:808", "::ffff:0:8.8.8.8", "64:ff9b:1::8.8.8.8", "2001:0:808:808::"];
  for (const ip of ips) assertEquals(isPrivateAddress(ip), true, ip);
});

Deno.test("isPrivateAddress looks through brackets, and takes whatever has a zone for private", () => {
  const ips = ["fe80::1%eth0", "[fe80::1%25eth0]", "[::1]", "::1%1", "[fc00::1]", "2606:4700::1%1"];
  for (const ip of ips) assertEquals(isPrivateAddress(ip), true, ip);
});

Deno.test("isPrivateAddress takes whatever is not an address in its usual spelling for private", () => {
  const texts = [
    "",
    " ",
    "example.org",
    "localhost",
    "8.8.8",
    "8.8.8.8 ",
    " 8.8.8.8",
    "08.8.8.8",
    "0x8.8.8.8",
    "134744072",
  ];
  texts.push("256.1.1.1", "1.1.1.1.1", "[8.8.8.8]", "2606:4700:::1", "2606::1::1", "[2606:4700::1", "2606:4700::1/64");
  texts.push(
    "[::1]@[2606:4700::1]",
    "::1]@[2606:4700::1",
    "8.8.8.8%1",
    "2606:4700::1%",
    "1.1.1.1\n",
    "%",
    "[]",
    "2606",
  );
  for (const text of texts) assertEquals(isPrivateAddress(text), true, text);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assertEquals(isPrivateAddress(text), true)));
});

Deno.test("isPrivateAddress does not depend on how an address of IPv6 is spelled", () => {
  const groups = fc.tuple(
    fc.constantFrom(0, 0x64, 0x100, 0x2001, 0x2002, 0x2606, 0x3fff, 0xfc00, 0xfe80),
    fc.nat(0xffff),
  );
  const rest = fc.array(fc.constantFrom(0, 0xffff, 0xff9b, 0x7f00, 1), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(groups, rest, (first, rest) => {
      const all = [...first, ...rest].map((group) => group.toString(16));
      const full = all.map((group) => group.padStart(4, "0")).join(":").toUpperCase();
      const short = new URL(`http://[${full}]/`).hostname;
      const [g = 0, h = 0] = rest.slice(-2);
      const dotted = `${all.slice(0, 6).join(":")}:${g >> 8}.${g & 255}.${h >> 8}.${h & 255}`;
      const verdicts = [full, short, short.slice(1, -1), dotted].map(isPrivateAddress);
      assertEquals(new Set(verdicts).size, 1, `${full}: ${verdicts}`);
    }),
    { numRuns: 1000 },
  );
});
