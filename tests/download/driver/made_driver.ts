import type { DownloadDriver } from "../../../download/download_driver.ts";
import { HostAddresses } from "../../../download/host_addresses.ts";
import { ANONYMOUS, type HttpIdentity } from "../../../download/http_identity.ts";
import { type DriverPorts, makeDrivers } from "../../../download/protocols/make_drivers.ts";

/** What a driver is made with, where it is not what nobody has said anything about. */
export interface MadeWith extends Partial<Pick<DriverPorts, "ssh" | "s3">> {
  /** Who asks. */
  identity?: Partial<HttpIdentity>;
  /** Try the narrow client of HTTP first. Default true. */
  lane?: boolean;
  /** The settings that drivers look at. */
  settings?: Partial<DriverPorts["settings"]>;
}

const NOBODY = {
  ssh: {
    access: () => Promise.resolve({ type: "problem", message: "there is no access to SSH here" }),
    trust: () => Promise.resolve("there is no place to keep a key"),
  },
  s3: { access: () => Promise.resolve({ type: "problem", message: "there is no access to S3 here" }) },
} satisfies Pick<DriverPorts, "ssh" | "s3">;

/** Makes all drivers as a worker does. */
export function madeDrivers({ identity, lane = true, settings, ...ports }: MadeWith): DownloadDriver[] {
  const who = { ...ANONYMOUS, ...identity };
  return makeDrivers({
    ...NOBODY,
    ...ports,
    settings: { allowFile: false, insecure: false, protocols: [], ...settings },
    identity: who,
    hosts: new HostAddresses(who),
    http: { idlePerHost: 8, lane },
  });
}

/** Makes the driver of a scheme as a worker does; all drivers that were made for it end with it. */
export function madeDriver(scheme: string, how: MadeWith): DownloadDriver {
  const drivers = madeDrivers(how);
  const driver = drivers.find(({ schemes }) => schemes.includes(scheme));
  if (driver === undefined) throw new Error(`Cannot find the driver of ${scheme}`);
  return {
    schemes: driver.schemes,
    open: (request) => driver.open(request),
    ...(driver.list === undefined ? {} : { list: (request) => driver.list!(request) }),
    [Symbol.dispose]() {
      for (const each of drivers) each[Symbol.dispose]();
    },
  };
}
