/** True for urls of one scheme, host and port. Only web origins have a text of their own: of all others it is "null". */
export function isSameOrigin(one: string, other: string): boolean {
  if (one === other) return true;
  const [first, second] = [URL.parse(one), URL.parse(other)];
  if (first === null || second === null) return false;
  return first.protocol === second.protocol && first.host === second.host;
}
