import { assertEquals } from "@std/assert";
import { IGNORE_CERTIFICATES } from "../../config/certificates_ignored.ts";

const FILE = new URL("../../config/certificates_ignored.ts", import.meta.url).href;

Deno.test("certificatesIgnored knows the flag of Deno from an argument of the program", async () => {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      script,
      `import { certificatesIgnored } from ${JSON.stringify(FILE)}; console.log(certificatesIgnored());`,
    );
    const run = async (...args: string[]) => {
      const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", ...args] }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const elsewhere = Deno.build.os === "linux" ? undefined : "undefined";
    assertEquals(await run(IGNORE_CERTIFICATES, script), elsewhere ?? "true");
    assertEquals(await run(script, IGNORE_CERTIFICATES), elsewhere ?? "false");
  } finally {
    await Deno.remove(script);
  }
});
