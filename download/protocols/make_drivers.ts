import type { CfgSettings } from "../../config/cfg_settings.ts";
import type { DownloadDriver } from "../download_driver.ts";
import type { HostAddresses } from "../host_addresses.ts";
import type { HttpIdentity } from "../http_identity.ts";
import { HttpDriver, type HttpDriverOptions } from "./http_driver.ts";
import { LazyDriver } from "./lazy_driver.ts";
import type { ProtocolDriver } from "./protocol_driver.ts";
import type { S3Ports } from "./s3_access.ts";
import type { SshPorts } from "./ssh_access.ts";

const LISTS = { lists: true };

/** What drivers need. */
export interface DriverPorts {
  /** The options that drivers look at. */
  settings: Pick<CfgSettings, "allowFile" | "insecure" | "protocols">;
  /** Who asks. */
  identity: HttpIdentity;
  /** How HTTP connects. */
  http: Omit<HttpDriverOptions, "identity" | "hosts">;
  /** Where hosts are. */
  hosts: HostAddresses;
  /** Those who may read the user's files for SSH. */
  ssh: SshPorts;
  /** Those who may read the user's files for S3. */
  s3: S3Ports;
  /** Starts the driver of the user for a scheme, from the url of its module. */
  startDriver: (scheme: string, module: string) => Promise<ProtocolDriver>;
}

/**
 * Makes the driver of every scheme. What a scheme needs is loaded with its first url, but for HTTP. Drivers of the user come
 * first: they may take the place of others.
 *
 * @param ports What they need.
 */
export function makeDrivers(ports: DriverPorts): DownloadDriver[] {
  const { settings, identity, http: options, hosts, ssh, s3, startDriver } = ports;
  const http = new HttpDriver({ ...options, identity, hosts });
  const custom = (settings.protocols ?? []).map(({ scheme, module }) =>
    new LazyDriver(
      [scheme],
      async () => new (await import("./custom_driver.ts")).CustomDriver(scheme, await startDriver(scheme, module)),
      LISTS,
    )
  );
  return [
    ...custom,
    http,
    new LazyDriver(
      ["ftp:", "ftps:", "ftpes:"],
      async () => new (await import("./ftp_driver.ts")).FtpDriver(identity, settings.insecure, hosts),
      { lists: true, anonymous: true },
    ),
    new LazyDriver(
      ["sftp:"],
      async () => new (await import("./sftp_driver.ts")).SftpDriver(identity, ssh, hosts),
      LISTS,
    ),
    new LazyDriver(
      ["s3:"],
      async () => new (await import("./s3_driver.ts")).S3Driver(http, s3, identity.headers),
      LISTS,
    ),
    new LazyDriver(["data:"], async () => new (await import("./data_driver.ts")).DataDriver()),
    new LazyDriver(
      ["file:"],
      async () => new (await import("./file_driver.ts")).FileDriver(settings.allowFile),
    ),
  ];
}
