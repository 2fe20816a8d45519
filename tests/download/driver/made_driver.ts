import type { DownloadDriver } from "../../../download/download_driver.ts";
import { HostAddresses } from "../../../download/host_addresses.ts";
import { ANONYMOUS, type HttpIdentity } from "../../../download/http_identity.ts";
import { type DriverPorts, makeDrivers } from "../../../download/protocols/make_drivers.ts";
import { DriverThreads } from "../../../workers/driver_threads.ts";

/** What a driver is made with, where it is not what nobody has said anything about. */
export interface MadeWith extends Partial<Pick<DriverPorts, "ssh" | "s3" | "startDriver">> {
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
  startDriver: () => Promise.reject(new Error("there is no driver of the user here")),
} satisfies Pick<DriverPorts, "ssh" | "s3" | "startDriver">;

const ending = new Set<Promise<void>>();

/** Resolves when the threads of drivers of the user have ended. */
export async function driversEnded(): Promise<void> {
  await Promise.all(ending);
}

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
  const threads = new DriverThreads({ restricted: true });
  const drivers = madeDrivers({ startDriver: (scheme, module) => threads.start(scheme, module), ...how });
  const driver = drivers.find(({ schemes }) => schemes.includes(scheme));
  if (driver === undefined) throw new Error(`Cannot find the driver of ${scheme}`);
  return {
    schemes: driver.schemes,
    open: (request) => driver.open(request),
    ...(driver.list === undefined ? {} : { list: (request) => driver.list!(request) }),
    [Symbol.dispose]() {
      for (const each of drivers) each[Symbol.dispose]();
      const end = threads.end().finally(() => ending.delete(end));
      ending.add(end);
    },
  };
}
