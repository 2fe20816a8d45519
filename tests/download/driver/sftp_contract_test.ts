/** SFTP against OpenSSH. */
import { SshdServer } from "../../support/sshd_server.ts";
import { driverContract } from "./driver_contract.ts";
import { madeDriver } from "./made_driver.ts";
import { ServedFolder } from "./served_folder.ts";

driverContract({
  name: "SftpDriver",
  keepsResources: "the library of SSH does not end its ciphers, which the runtime counts",
  skips: {
    "gives pieces no larger than there is room for": "reads of 255 KiB are on their way before anybody is asked",
    ...(Deno.uid() === 0
      ? { "says that a file must not be read, which does not pass": "the server runs as root, who may read everything" }
      : {}),
  },
  start: () =>
    ServedFolder.start(async (root) => {
      const sshd = await SshdServer.start();
      const { knownHosts, userKey } = sshd;
      const user = new TextDecoder().decode((await new Deno.Command("id", { args: ["-un"] }).output()).stdout).trim();
      return {
        port: sshd.port,
        base: (port = sshd.port) => `sftp://127.0.0.1:${port}${root.path}`,
        forbid: (path) => Deno.chmod(root.join(path), 0),
        driver: () =>
          madeDriver("sftp:", {
            ssh: {
              access: ({ alias, port = 22 }) => {
                const access = { hostname: alias, port, user, keys: [userKey.secret], knownHosts, acceptNew: false };
                return Promise.resolve({ type: "access", access });
              },
              trust: () => Promise.resolve("no key is kept here"),
            },
          }),
        endSessions: () => sshd.endSessions(),
        [Symbol.asyncDispose]: () => sshd[Symbol.asyncDispose](),
      };
    }),
});
