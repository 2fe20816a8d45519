import type { DriverResponse } from "../download_driver.ts";

/**
 * Reads a small body in one piece, for drivers that have it in pieces.
 *
 * @param response The answer; its length must be known.
 * @param use Called once with all of it.
 * @param heard Called whenever a part of it has come, with its size.
 * @returns What `use` returned.
 * @throws {RangeError} If more comes than was announced.
 */
export async function readWhole<T>(
  response: Pick<DriverResponse, "length" | "read">,
  use: (bytes: Uint8Array) => T,
  heard: (bytes: number) => void,
): Promise<Awaited<T>> {
  const whole = new Uint8Array(response.length ?? 0);
  let filled = 0;
  await response.read((piece) => {
    heard(piece.length);
    if (filled + piece.length > whole.length) throw new RangeError("the body is longer than was announced");
    whole.set(piece, filled);
    filled += piece.length;
    return undefined;
  });
  return await use(whole.subarray(0, filled));
}
