/** FTP against a server that tells neither size nor date. */
import { driverContract, skipAll } from "./driver_contract.ts";
import { ftpBackend } from "./ftp_kit.ts";

const skips = skipAll([
  "tells how long a file is, and gives it byte for byte",
  "tells the version of a file: another one after a change, else the same",
  "tells when a file was modified",
  "says that it gives parts",
  "gives an empty file",
  "gives a small file in one piece, and says what comes of it",
  "gives the rest of a file from an offset on",
  "gives a part of a file up to an end",
  "gives the first byte of a file alone",
  "tells the version with a part as with the whole file",
  "gives parts of a file side by side, which make the file",
  "refuses a part that begins at the end of the file or behind it",
  "passes no part of another version off as one of the version that was asked for",
  "gives all of a file instead of a part of another version",
  "says that a file has not changed since a version, and gives it if it has",
  "says that there is no file where it has been removed since",
  "gives one version whole, or none, of a file that is replaced or removed while it comes",
  "notices that a file is written to while it comes, be it whole or a part",
  "fails where a file becomes shorter while it comes",
  "fails where the server breaks off in the middle, and goes on when it is back",
  "ends with the signal in the middle of a file, and gives the next one whole",
], "the server tells neither size nor date, so nobody knows of versions");

driverContract(ftpBackend("FtpDriver of a silent server", "ftp", skips, ["cmds_denied=SIZE,MDTM"]));
