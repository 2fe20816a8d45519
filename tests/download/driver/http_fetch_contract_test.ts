/** HTTP over the runtime's client, against nginx. */
import { driverContract } from "./driver_contract.ts";
import { httpBackend } from "./http_kit.ts";

const skips = {
  "gives one file after the other over one connection":
    "the runtime has a connection back only some time after the end of a body, and may make another one meanwhile",
};

driverContract(httpBackend("HttpDriver over fetch", "http", () => ({ lane: false }), skips));
driverContract(httpBackend("HttpDriver over fetch with TLS", "https", () => ({ lane: false }), skips));
