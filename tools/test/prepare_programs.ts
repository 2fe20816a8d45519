import { installLine, installPackages, type InstallSituation, mayInstall } from "./install_packages.ts";
import { missingPackages } from "./missing_packages.ts";
import type { TestProgram } from "./test_programs.ts";

/**
 * Sees to it that all programs are there that the tests start: installs what is missing where it may, and else says how.
 *
 * @param situation Who asks, and where.
 * @param say Takes each line for the user.
 * @param programs What the tests start. Default: all of it.
 * @returns True if all of it is there.
 */
export async function preparePrograms(
  situation: InstallSituation,
  say: (line: string) => void,
  programs?: readonly TestProgram[],
): Promise<boolean> {
  const packages = await missingPackages(programs);
  if (packages.length === 0) return true;
  const permission = mayInstall(situation);
  if (permission.type === "refused") {
    say("Cannot run the tests as they start programs that are missing here. This line installs them:");
    say(installLine(packages, situation.uid));
    say(`(The tests do not install them by themselves: ${permission.reason}.)`);
    return false;
  }
  say(`The tests start programs that are missing here. Installing: ${packages.join(" ")}`);
  try {
    await installPackages(packages);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
  const still = await missingPackages(programs);
  if (still.length === 0) return true;
  say(`Cannot run the tests as programs are missing though their packages were installed: ${still.join(" ")}`);
  return false;
}
