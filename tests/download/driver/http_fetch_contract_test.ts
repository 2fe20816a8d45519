/** HTTP over the runtime's client, against nginx. */
import { driverContract } from "./driver_contract.ts";
import { httpBackend } from "./http_kit.ts";

driverContract(httpBackend("HttpDriver over fetch", "http", () => ({ lane: false })));
driverContract(httpBackend("HttpDriver over fetch with TLS", "https", () => ({ lane: false })));
