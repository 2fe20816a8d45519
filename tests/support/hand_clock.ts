import { findProgram } from "./find_program.ts";
import { TempDir } from "./temp_dir.ts";

/** The wall clock of child processes, which a test moves on; it goes on by itself, too. */
export class HandClock implements AsyncDisposable {
  readonly #home: TempDir;
  /** What a command is started with to go by this clock. */
  readonly wrapper: readonly string[];
  /** The variables that it is started with. */
  readonly env: Readonly<Record<string, string>>;
  #aheadMs = 0;

  private constructor(home: TempDir, faketime: string) {
    this.#home = home;
    // A shift in the environment would be stronger than the file.
    this.wrapper = [faketime, "-m", "-f", "+0", "env", "-u", "FAKETIME"];
    this.env = {
      FAKETIME_TIMESTAMP_FILE: home.join("clock"),
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Makes one that agrees with the machine's. */
  static async create(): Promise<HandClock> {
    const faketime = await findProgram("faketime", ["--version"]);
    const clock = new HandClock(await TempDir.create(), faketime);
    await clock.advance(0);
    return clock;
  }

  /** What it shows, in milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Moves it on by whole seconds, for all who go by it. */
  async advance(seconds: number): Promise<void> {
    this.#aheadMs += seconds * 1000;
    await this.#home.replace("clock", `+${this.#aheadMs / 1000}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }
}
