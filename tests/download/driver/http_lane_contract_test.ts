/** HTTP over the narrow client, against nginx. */
import { driverContract } from "./driver_contract.ts";
import { httpBackend } from "./http_kit.ts";

driverContract(httpBackend("HttpDriver over the lane", "http", () => ({ lane: true })));
driverContract(
  httpBackend("HttpDriver over the lane with TLS", "https", () => ({ lane: true }), {
    "lets go of a server that says nothing":
      "the runtime keeps a connection whose TLS handshake hangs, until its server ends it",
  }),
);
