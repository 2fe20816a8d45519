import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const EXEC = new URL("../../ffi/exec_program.ts", import.meta.url).href;

/** Runs a program of a few lines, which ends as another one. */
async function run(code: string, ...flags: string[]): Promise<{ code: number; text: string; pid: number }> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(script, `import { execProgram } from "${EXEC}";\n${code}`);
  const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--config", config, ...flags, script],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const { code: status, stdout } = await child.output();
  await Deno.remove(script);
  return { code: status, text: new TextDecoder().decode(stdout), pid: child.pid };
}

const linux = Deno.build.os === "linux";

Deno.test({
  name: "execProgram puts another program in the place of this one, with its arguments and environment",
  ignore: !linux,
  fn: async () => {
    const script = 'echo $$ "$1" "$GREETING"; exit 7';
    const argv = JSON.stringify(["sh", "-c", script, "sh", "two words äß"]);
    const { code, text, pid } = await run(`execProgram("/bin/sh", ${argv}, { GREETING: "hello" });`, "-A");
    assertEquals([code, text], [7, `${pid} two words äß hello\n`]);
  },
});

Deno.test("execProgram returns if there is no such program, or no permission", async () => {
  const code =
    'execProgram("/no/such/program", ["x"], {}); execProgram("/bin/echo", ["a\\0b"], {}); console.log("here");';
  assertEquals(await run(code, "-A").then(({ code, text }) => [code, text]), [0, "here\n"]);
  const denied = 'execProgram("/bin/echo", ["echo", "there"], {}); console.log("here");';
  assertEquals(await run(denied, "--allow-read").then(({ code, text }) => [code, text]), [0, "here\n"]);
});
