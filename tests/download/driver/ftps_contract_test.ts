/** FTP with TLS against vsftpd. */
import { driverContract } from "./driver_contract.ts";
import { ftpBackend } from "./ftp_kit.ts";

driverContract(ftpBackend("FtpDriver with TLS after AUTH", "ftpes"));
driverContract(ftpBackend("FtpDriver with TLS from the first byte", "ftps"));
