// What the tests use of the server of ssh2 1.17, which has no types of its own.

interface Context {
  method: string;
  username: string;
  password: string;
  accept(): void;
  reject(methods: string[]): void;
  prompt(prompts: { prompt: string; echo: boolean }[], done: (answers: string[]) => void): void;
}

interface Sftp {
  on(event: "OPEN" | "FSTAT" | "CLOSE", listener: (id: number) => void): this;
  on(event: "READ", listener: (id: number, handle: Uint8Array, offset: number, length: number) => void): this;
  handle(id: number, handle: Uint8Array): void;
  attrs(id: number, attrs: Record<string, number>): void;
  data(id: number, data: Uint8Array): void;
  status(id: number, code: number): void;
  outgoing: { id: number };
  /** Says of a channel that nothing more comes over it. */
  _protocol: { channelEOF(channel: number): void };
}

interface Session {
  on(event: "sftp", listener: (accept: () => Sftp) => void): this;
}

interface Connection {
  on(event: "authentication", listener: (context: Context) => void): this;
  on(event: "ready" | "error", listener: () => void): this;
  on(event: "session", listener: (accept: () => Session) => void): this;
}

declare class Server {
  constructor(options: { hostKeys: string[] }, listener: (client: Connection) => void);
  listen(port: number, host: string, done: () => void): void;
  address(): { port: number };
  close(done: () => void): void;
}

declare const ssh2: {
  Server: typeof Server;
  utils: { sftp: { STATUS_CODE: { OK: number; EOF: number } } };
};
export default ssh2;
