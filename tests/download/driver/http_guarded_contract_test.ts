/** HTTP over connections that are looked at before they are made, against nginx. */
import { driverContract } from "./driver_contract.ts";
import { httpBackend } from "./http_kit.ts";

driverContract(
  httpBackend("HttpDriver that denies private addresses", "http", (port) => ({
    lane: false,
    identity: { denyPrivate: true, allowPrivate: [`localhost:${port}`] },
  }), {
    "gives one file after the other over one connection": "each request that is guarded has a connection of its own",
    "notices that the server has ended connections that nobody uses, and makes others":
      "each request that is guarded has a connection of its own",
    "gives pieces no larger than there is room for": "the streams of node's client cut the pieces",
  }),
);
