/** Files that stand in their urls. */
import { DataServer } from "./data_server.ts";
import { type CaseName, driverContract, skipAll, skipLists } from "./driver_contract.ts";

const NO_SERVER: readonly CaseName[] = [
  "gives one file after the other over one connection",
  "asks nobody before it may",
  "says that nobody is there, which may pass",
  "says that a server hangs up without a word, which may pass",
  "fails where the server breaks off in the middle, and goes on when it is back",
  "notices that the server has ended connections that nobody uses, and makes others",
  "ends with the signal while a server says nothing",
  "lets go of a server that says nothing",
];
const NO_PARTS: readonly CaseName[] = [
  "says that it gives parts",
  "gives the rest of a file from an offset on",
  "gives a part of a file up to an end",
  "tells the version with a part as with the whole file",
  "gives parts of a file side by side, which make the file",
  "gives the first byte of a file alone",
  "refuses a part that begins at the end of the file or behind it",
];
const NO_VERSIONS: readonly CaseName[] = [
  "tells the version of a file: another one after a change, else the same",
  "tells when a file was modified",
  "passes no part of another version off as one of the version that was asked for",
  "gives all of a file instead of a part of another version",
  "says that a file has not changed since a version, and gives it if it has",
  "says that there is no file where it has been removed since",
  "gives one version whole, or none, of a file that is replaced or removed while it comes",
  "notices that a file is written to while it comes, be it whole or a part",
  "fails where a file becomes shorter while it comes",
];

driverContract({
  name: "DataDriver",
  start: () => Promise.resolve(new DataServer()),
  skips: {
    ...skipAll(NO_SERVER, "the file is in the url: nobody is asked for it"),
    ...skipAll(NO_PARTS, "the file is in the url: parts would be no less"),
    ...skipAll(NO_VERSIONS, "the file is in the url: another file has another url"),
    ...skipLists("the file is in the url: there are no folders"),
    "gives files of any name": "the file is in the url, without a name",
    "takes ? and # in a url for letters of a name": "the file is in the url, without a name",
    ...skipAll([
      "gives a piece of a file when the one before is stored",
      "gives pieces no larger than there is room for",
      "ends with the signal in the middle of a file, and gives the next one whole",
      "gives other files whole while one is given up",
    ], "the file is in the url: all of it is here at once"),
    "says that there is no such file, which does not pass": "the file is in the url: there is one for each",
    "takes no folder for a file": "the file is in the url: there are no folders",
    "says that a file must not be read, which does not pass": "the file is in the url: whoever has that has the file",
  },
});
