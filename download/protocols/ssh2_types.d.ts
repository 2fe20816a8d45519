import type { Duplex } from "node:stream";

// What is used of ssh2 1.17, which has no types of its own; those of DefinitelyTyped bring an old version of node's along.

/** An answer to a question. */
type Done<T> = (error: Error | null | undefined, value: T) => void;

/** Attributes of a file. */
export interface Stats {
  size?: number;
  /** When it was modified, in seconds since the epoch. */
  mtime?: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** An entry of a folder. */
export interface FileEntry {
  filename: string;
  attrs: Stats;
}

/** A session of SFTP. */
export interface SFTPWrapper {
  on(event: "end" | "close", listener: () => void): this;
  open(path: string, flags: "r", done: Done<Uint8Array>): void;
  close(handle: Uint8Array, done: (error?: Error | null) => void): void;
  fstat(handle: Uint8Array, done: Done<Stats>): void;
  read(
    handle: Uint8Array,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    done: Done<number>,
  ): void;
  readdir(path: string, done: Done<FileEntry[]>): void;
  realpath(path: string, done: Done<string>): void;
}

/** A way to be let in. */
export type AuthenticationMethod =
  | { type: "none"; username: string }
  | { type: "agent"; username: string; agent: string }
  | { type: "publickey"; username: string; key: string }
  | { type: "password"; username: string; password: string }
  | {
    type: "keyboard-interactive";
    username: string;
    prompt(
      name: string,
      instructions: string,
      language: string,
      prompts: unknown[],
      finish: (answers: string[]) => void,
    ): void;
  };

/** How to connect. */
export interface ConnectConfig {
  sock: Duplex;
  username: string;
  readyTimeout: number;
  keepaliveInterval: number;
  keepaliveCountMax: number;
  algorithms: { cipher: readonly string[]; hmac: readonly string[]; serverHostKey: readonly string[] };
  hostVerifier(key: Uint8Array): boolean;
  authHandler: readonly AuthenticationMethod[];
}

/** A connection. */
declare class Client {
  connect(config: ConnectConfig): this;
  on(event: "ready" | "end" | "close", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  removeAllListeners(event: string): this;
  sftp(done: Done<SFTPWrapper>): void;
  setNoDelay(noDelay: boolean): this;
  destroy(): this;
}

/** A key that was read. */
interface ParsedKey {
  /** Such as `ssh-ed25519`. */
  type: string;
  getPrivatePEM(): string;
}

declare const ssh2: {
  Client: typeof Client;
  utils: { parseKey(key: string, passphrase?: string): ParsedKey | ParsedKey[] | Error };
};
export default ssh2;
