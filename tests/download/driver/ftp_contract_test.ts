/** FTP against vsftpd. */
import { driverContract } from "./driver_contract.ts";
import { ftpBackend } from "./ftp_kit.ts";

driverContract(ftpBackend("FtpDriver", "ftp"));
