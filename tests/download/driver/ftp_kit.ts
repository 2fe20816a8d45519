import type { DownloadDriver } from "../../../download/download_driver.ts";
import { testCertificate } from "../../support/test_certificate.ts";
import { VsftpdServer } from "../../support/vsftpd_server.ts";
import { FORBIDDEN } from "./contract_kit.ts";
import type { DriverBackend } from "./driver_contract.ts";
import { madeDriver } from "./made_driver.ts";
import { ServedFolder } from "./served_folder.ts";

/** The driver of FTP against vsftpd. Of `ftps:` every file is wanted, so that it may be asked for at once. */
export function ftpBackend(
  name: string,
  scheme: "ftp" | "ftpes" | "ftps",
  skips: NonNullable<DriverBackend["skips"]> = {},
  more: readonly string[] = [],
): DriverBackend {
  return {
    name,
    skips,
    start: () =>
      ServedFolder.start(async (root) => {
        const pair = await testCertificate(["localhost"]);
        const vsftpd = await VsftpdServer.start(root.path, {
          ...(scheme === "ftp" ? {} : { tls: { ...pair, implicit: scheme === "ftps" } }),
          more: [`deny_file=${FORBIDDEN}`, "force_dot_files=YES", ...more],
        });
        return {
          port: vsftpd.port,
          base: (port = vsftpd.port) => `${scheme}://localhost:${port}`,
          driver: () => {
            const driver = madeDriver(`${scheme}:`, { identity: { caCerts: [pair.cert] } });
            return scheme === "ftps" ? wanting(driver) : driver;
          },
          endSessions: () => vsftpd.endSessions(),
          [Symbol.asyncDispose]: () => vsftpd[Symbol.asyncDispose](),
        };
      }),
  };
}

function wanting(driver: DownloadDriver): DownloadDriver {
  return {
    schemes: driver.schemes,
    open: (request) => driver.open({ ...request, wanted: true }),
    list: (request) => driver.list!(request),
    [Symbol.dispose]: () => driver[Symbol.dispose](),
  };
}
