import { format } from "@std/fmt/bytes";

/** A number of bytes for people: `12.8 MiB`. */
export function sizeText(bytes: number): string {
  return format(Math.round(bytes), { binary: true }).replace("kiB", "KiB");
}
