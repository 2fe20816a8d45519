import { assert, assertEquals, assertRejects } from "@std/assert";
import { measure, type MeasureRequest } from "./measure.ts";

// Minimal images come without it; the bench itself says so.
const ignore = Deno.build.os !== "linux" ||
  !["/usr/bin", "/usr/local/bin"].some((folder) => {
    try {
      return Deno.statSync(`${folder}/python3`).isFile;
    } catch {
      return false;
    }
  });

function test(
  name: string,
  body: (request: (script: string) => MeasureRequest, folder: string) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await body((script) => ({
          command: ["sh", "-c", script],
          cwd: folder,
          env: { PATH: "/usr/bin:/bin:/usr/local/bin" },
          log: `${folder}/log`,
          timeoutSeconds: 60,
        }), folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

test("measure gives the exit code and keeps the output", async (request, folder) => {
  const result = await measure(request("pwd; echo oops >&2; exit 7"));
  assertEquals(result.exitCode, 7);
  assertEquals(await Deno.readTextFile(`${folder}/log`), `${await Deno.realPath(folder)}\noops\n`);
});

test("measure counts CPU time and peak memory of descendants", async (request) => {
  const script = "x=bytearray(80<<20)\nfor i in range(3000000): pass";
  const result = await measure(request(`(python3 -S -c '${script}'); true`));
  assertEquals(result.exitCode, 0);
  assert(result.peakBytes > 80 << 20);
  assert(result.floorBytes > 0 && result.floorBytes < 80 << 20);
  assert(result.userSeconds + result.systemSeconds > 0.01);
});

test("measure kills what runs too long, with its children", async (request) => {
  const result = await measure({ ...request("sleep 600 & sleep 600"), timeoutSeconds: 1 });
  assertEquals([result.timedOut, result.exitCode], [true, -9]);
});

test("measure stops the command when the signal aborts", async (request, folder) => {
  const controller = new AbortController();
  const running = measure({ ...request("echo $$ > pid; exec sleep 600"), signal: controller.signal });
  const rejected = assertRejects(() => running, Error, "enough");
  let pid = "";
  while (!pid.endsWith("\n")) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    pid = await Deno.readTextFile(`${folder}/pid`).catch(() => "");
  }
  controller.abort(new Error("enough"));
  await rejected;
  await assertRejects(() => Deno.stat(`/proc/${pid.trim()}`), Deno.errors.NotFound);
});

test("measure rejects if the command cannot be started", async (request) => {
  const missing = { ...request(""), command: ["./no-such-program"] };
  await assertRejects(() => measure(missing), Error, "Cannot measure ./no-such-program");
});
