import { NginxServer } from "../../support/nginx_server.ts";
import { testCertificate } from "../../support/test_certificate.ts";
import { FORBIDDEN } from "./contract_kit.ts";
import { type DriverBackend, skipLists } from "./driver_contract.ts";
import { madeDriver, type MadeWith } from "./made_driver.ts";
import { ServedFolder } from "./served_folder.ts";

/** What no driver of HTTP can do, whichever client it has. */
export const HTTP_SKIPS: NonNullable<DriverBackend["skips"]> = {
  ...skipLists("HTTP knows no folders"),
  "takes ? and # in a url for letters of a name": "urls of HTTP have a query and a fragment",
  "takes no folder for a file": "HTTP knows no folders: what a server answers for one is a page",
  "notices that a file is written to while it comes, be it whole or a part":
    "an answer of HTTP says nothing of a file that changes behind its head",
};

/** A driver of HTTP against nginx. */
export function httpBackend(
  name: string,
  scheme: "http" | "https",
  make: (port: number) => MadeWith,
  skips: DriverBackend["skips"] = {},
): DriverBackend {
  return {
    name,
    skips: { ...HTTP_SKIPS, ...skips },
    start: () =>
      ServedFolder.start(async (root) => {
        const pair = await testCertificate(["localhost"]);
        const nginx = await NginxServer.start(root.path, {
          tls: pair,
          server: [`location = /${FORBIDDEN} { deny all; }`],
        });
        const port = scheme === "http" ? nginx.port : nginx.tlsPort;
        return {
          port,
          base: (other = port) => `${scheme}://localhost:${other}`,
          driver: (asked = port) => {
            const { identity, ...more } = make(asked);
            return madeDriver(`${scheme}:`, { ...more, identity: { caCerts: [pair.cert], ...identity } });
          },
          endSessions: () => nginx.endSessions(),
          [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose](),
        };
      }),
  };
}
