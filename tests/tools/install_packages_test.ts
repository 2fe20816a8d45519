import { assertEquals } from "@std/assert";
import { preparePrograms } from "../../tools/test/prepare_programs.ts";
import { installLine, type InstallSituation, mayInstall } from "../../tools/test/install_packages.ts";

const DEBIAN = "/etc/debian_version";

function decide({ files = [DEBIAN], ...rest }: Partial<InstallSituation> & { files?: string[] }): string {
  const situation = { asked: false, env: {}, uid: 0, exists: (path: string) => files.includes(path), ...rest };
  const permission = mayInstall(situation);
  return permission.type === "allowed" ? "allowed" : permission.reason;
}

Deno.test("mayInstall allows it to root on Debian, in a container, or where CI or the user asks for it", () => {
  for (const file of ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"]) {
    assertEquals(decide({ files: [DEBIAN, file] }), "allowed");
  }
  for (const env of [{ CI: "true" }, { CI: "1" }, { container: "podman" }]) {
    assertEquals(decide({ env }), "allowed");
  }
  assertEquals(decide({ asked: true }), "allowed");
});

Deno.test("mayInstall says why not", () => {
  const none = "this is no container, and neither CI nor --install allows it";
  assertEquals(decide({}), none);
  for (const CI of ["", "0", "false", "FALSE"]) assertEquals(decide({ env: { CI } }), none);
  assertEquals(decide({ asked: true, uid: 1000 }), "only root may install packages");
  assertEquals(decide({ asked: true, files: ["/.dockerenv"] }), "this system is not Debian or Ubuntu");
});

Deno.test("installLine is one line, with sudo for those who need it", () => {
  assertEquals(
    installLine(["nginx", "caddy"], 0),
    "apt-get update && apt-get install -y --no-install-recommends nginx caddy",
  );
  assertEquals(
    installLine(["nginx"], 1000),
    "sudo apt-get update && sudo apt-get install -y --no-install-recommends nginx",
  );
});

Deno.test("preparePrograms ends with the line that installs what is missing, where it may not install", async () => {
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  const programs = ["sh", "corehaul-absent", "corehaul-lost"].map((name) => ({
    name,
    debianPackage: `${name}-package`,
  }));
  const situation = { asked: false, env: {}, uid: 1000, exists: () => true };
  assertEquals(await preparePrograms(situation, say, programs.slice(0, 1)), true);
  assertEquals(lines, []);
  assertEquals(await preparePrograms(situation, say, programs), false);
  assertEquals(lines[1], installLine(["corehaul-absent-package", "corehaul-lost-package"], 1000));
  assertEquals(lines.length, 3);
});
