/** Files of this machine. */
import { toFileUrl } from "@std/path";
import { driverContract, skipAll, skipLists } from "./driver_contract.ts";
import { madeDriver } from "./made_driver.ts";
import { ServedFolder } from "./served_folder.ts";

driverContract({
  name: "FileDriver",
  skips: {
    ...skipLists("folders of this machine are not listed"),
    "takes ? and # in a url for letters of a name": "file urls have a query and a fragment by their standard",
    ...skipAll([
      "gives one file after the other over one connection",
      "asks nobody before it may",
      "says that nobody is there, which may pass",
      "says that a server hangs up without a word, which may pass",
      "fails where the server breaks off in the middle, and goes on when it is back",
      "notices that the server has ended connections that nobody uses, and makes others",
      "ends with the signal while a server says nothing",
      "lets go of a server that says nothing",
    ], "files of this machine have no server"),
    ...(Deno.uid() === 0
      ? { "says that a file must not be read, which does not pass": "the tests run as root, who may read everything" }
      : {}),
  },
  start: () =>
    ServedFolder.start((root) => ({
      base: () => toFileUrl(root.path).href,
      forbid: (path) => Deno.chmod(root.join(path), 0),
      driver: () => madeDriver("file:", { settings: { allowFile: true } }),
      endSessions: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })),
});
