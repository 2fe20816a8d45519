/** What servers say in Content-Disposition to get a file to where it does not belong. */

/** Text as its UTF-8 bytes, one character each. */
function bytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** What the field says, and the name that is left of it; `get` is the preliminary one. */
export const HOSTILE_NAMES: [field: string, name: string][] = [
  ['attachment; filename="../../etc/passwd"', "passwd"],
  ["attachment; filename*=UTF-8''..%2f..%2fetc%2fpasswd", "passwd"],
  ["attachment; filename*=UTF-8''%2e%2e%5c%2e%2e%5cboot.ini", "boot.ini"],
  ['attachment; filename="C:\\x"', "x"],
  ['attachment; filename="C:x"', "C_x"],
  ['attachment; filename="C:\\Users\\me\\report.pdf"', "report.pdf"],
  ['attachment; filename="%2e%2e%2f%2e%2e%2fetc%2fpasswd"', "passwd"],
  ["attachment; filename=..%5c..%5cboot.ini", "boot.ini"],
  ['attachment; filename="a%00b%0d%0a.txt"', "a_b__.txt"],
  ['attachment; filename="=?UTF-8?Q?=2E=2E=2Fetc=2Fpasswd?="', "passwd"],
  ['attachment; filename="=?UTF-8?B?YQBiLnR4dA==?="', "a_b.txt"],
  ["attachment; filename*0*=UTF-8''..%2f; filename*1*=..%2fpass; filename*2=wd", "passwd"],
  ["attachment; filename=../../etc/passwd", "passwd"],
  ['attachment; filename="C:\\\\x"', "x"],
  ['attachment; filename="\\\\\\\\host\\\\share\\\\x.exe"', "x.exe"],
  ['attachment; filename="/etc/cron.d/x"', "x"],
  ['attachment; filename="~/.ssh/authorized_keys"', "authorized_keys"],
  ['attachment; filename=""', "get"],
  ['attachment; filename="."', "get"],
  ['attachment; filename=".."', "get"],
  ['attachment; filename="......"', "get"],
  ['attachment; filename=" . . "', "get"],
  ['attachment; filename="a/"', "get"],
  ["attachment; filename*=UTF-8''a%00b.txt", "a_b.txt"],
  ["attachment; filename*=UTF-8''a%0d%0ab.txt", "a__b.txt"],
  ["attachment; filename*=UTF-8''a%c0%afb.txt; filename=plain.txt", "plain.txt"],
  ["attachment; filename*=UTF-8''%e2%80%aefdp.exe", "_fdp.exe"],
  [`attachment; filename="${bytes("invoice\u2066.exe")}"`, "invoice_.exe"],
  [`attachment; filename="${bytes("e\u0301.txt")}"`, "é.txt"],
  ["attachment; filename=.corehaul", "_corehaul"],
  ['attachment; filename=".corehaul/manifest/x.jsonl"', "x.jsonl"],
  ["attachment; filename=.htaccess", "_htaccess"],
  ["attachment; filename=report.part", "report.part_"],
  ["attachment; filename=report.part-info", "report.part-info_"],
  ["attachment; filename=REPORT.PART-1", "REPORT.PART-1_"],
  ["attachment; filename=CON", "_CON"],
  ["attachment; filename=nul.txt", "_nul.txt"],
  ['attachment; filename="com1 .txt"', "_com1 .txt"],
  ['attachment; filename="x.txt..."', "x.txt"],
  ['attachment; filename="x.txt  "', "x.txt"],
  [`attachment; filename="${"a".repeat(5000)}.tar.gz"`, `${"a".repeat(168)}.gz`],
  [`attachment; filename*=UTF-8''${"%e6%96%87".repeat(1500)}`, "文".repeat(57)],
  ['attachment; filename="unfinished.txt', "unfinished.txt"],
];
