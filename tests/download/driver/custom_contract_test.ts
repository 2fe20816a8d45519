/** A driver of the user, in a module of its own, against nginx. */
import { NginxServer } from "../../support/nginx_server.ts";
import { FORBIDDEN } from "./contract_kit.ts";
import { driverContract, skipAll } from "./driver_contract.ts";
import { madeDriver } from "./made_driver.ts";
import { ServedFolder } from "./served_folder.ts";

const MODULE = new URL("../fixtures/gateway_driver.ts", import.meta.url).href;

driverContract({
  name: "CustomDriver",
  skips: {
    ...skipAll([
      "says that it gives parts",
      "gives a part of a file up to an end",
      "gives the first byte of a file alone",
      "gives parts of a file side by side, which make the file",
    ], "a driver of the user is asked for no parts that end before the file does"),
    ...skipAll([
      "refuses a part that begins at the end of the file or behind it",
    ], "a driver of the user that cannot begin somewhere gives the whole file"),
    "says that a file has not changed since a version, and gives it if it has":
      "a driver of the user is asked for no changes; the core compares what it says",
    "takes ? and # in a url for letters of a name": "the urls are those of the driver of the user",
    "gives pieces no larger than there is room for": "the pieces are those of the driver of the user",
    "gives one file after the other over one connection": "connections are the business of the driver of the user",
    "notices that a file is written to while it comes, be it whole or a part":
      "only a driver of the user can know that, and this one asks a web server",
    "takes ? and # in the url of a folder for letters of its name": "the urls are those of the driver of the user",
    "passes links over, which may lead in circles": "links are the business of the driver of the user",
  },
  start: () =>
    ServedFolder.start(async (root) => {
      const nginx = await NginxServer.start(root.path, {
        server: ["autoindex on;", "autoindex_format json;", `location = /${FORBIDDEN} { deny all; }`],
      });
      return {
        port: nginx.port,
        base: (port = nginx.port) => `gate://127.0.0.1:${port}`,
        driver: () => madeDriver("gate:", { settings: { protocols: [{ scheme: "gate:", module: MODULE }] } }),
        endSessions: () => nginx.endSessions(),
        [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose](),
      };
    }),
});
