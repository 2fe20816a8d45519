/**
 * The options about other protocols than HTTP.
 *
 * @module
 */
import { type CfgRows, LISTING } from "./cfg_field.ts";
import { integer, PROTOCOLS, SWITCH, textOf, textThat } from "./cfg_kinds.ts";
import { parseEndpoint } from "./cfg_parse.ts";

/** These options, in the order of the help. */
export const CFG_PROTOCOL_FIELDS = {
  sshKey: {
    flag: "ssh-key",
    group: "who",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "as ~/.ssh/config says, else the usual ones",
    repeatable: true,
    help: "the private key for sftp urls; may be given several times",
    commands: LISTING,
  },
  sshPassphrase: {
    flag: "ssh-passphrase",
    group: "who",
    placeholder: "TEXT",
    kind: textThat("not be empty"),
    defaultNote: "the agent's keys, else asked for at the terminal",
    show: () => "…",
    help: "opens encrypted private keys; better in the variable CFG_SSH_PASSPHRASE, as others see command lines",
    commands: LISTING,
  },
  sshKnownHosts: {
    flag: "ssh-known-hosts",
    group: "who",
    fromFolder: "never",
    placeholder: "FILE",
    kind: textThat("name a file"),
    defaultNote: "as ~/.ssh/config says, else ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts",
    help: "the host keys of the servers of sftp urls; others are refused",
    commands: LISTING,
  },
  sshAcceptNew: {
    flag: "ssh-accept-new",
    group: "who",
    fromFolder: "never",
    kind: SWITCH,
    default: "false",
    help: "take the host key of an sftp server that is not known, and keep it; never another one than the known one",
    commands: LISTING,
  },
  s3Endpoint: {
    flag: "s3-endpoint",
    group: "who",
    fromFolder: "never",
    placeholder: "URL",
    kind: textOf(parseEndpoint),
    defaultNote: "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else Amazon",
    help: "where s3 urls lead: a server that takes https://HOST/BUCKET/KEY",
    commands: LISTING,
  },
  s3RequestPayer: {
    flag: "s3-request-payer",
    group: "who",
    kind: SWITCH,
    default: "false",
    help: "pay for what is fetched from s3 buckets whose owners want that",
    commands: LISTING,
  },
  s3NoSignRequest: {
    flag: "s3-no-sign-request",
    group: "who",
    kind: SWITCH,
    default: "false",
    help: "ask for s3 urls without credentials, also where there are some: for buckets that everybody may read",
    commands: LISTING,
  },
  folderLimit: {
    flag: "folder-limit",
    group: "what",
    placeholder: "N",
    kind: integer(1, 10_000_000),
    default: "100000",
    help: "refuse an ftp, sftp or s3 folder with more files than this, in all folders below it",
    commands: LISTING,
  },
  allowFile: {
    flag: "allow-file",
    group: "what",
    fromFolder: "never",
    kind: SWITCH,
    default: "false",
    help: "take file urls: a list can then copy what this user may read",
    commands: LISTING,
  },
  protocols: {
    flag: "protocol",
    group: "what",
    fromFolder: "never",
    placeholder: "SCHEME:=MODULE",
    kind: PROTOCOLS,
    defaultNote: "none",
    repeatable: true,
    help: "fetch urls of this scheme with the driver in this module, such as ipfs:=./ipfs_driver.ts; may be repeated",
    commands: LISTING,
  },
} as const satisfies CfgRows;
