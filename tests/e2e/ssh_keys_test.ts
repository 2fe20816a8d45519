/** Encrypted private keys through the command line, against OpenSSH. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { corehaul, jsonLines, PROJECT_ROOT, shareCommandProcesses } from "../support/corehaul.ts";
import { SshdServer, sshKeys } from "../support/sshd_server.ts";
import { TempDir } from "../support/temp_dir.ts";
import { TerminalProcess } from "../support/terminal.ts";

const CLI = ["run", "-A", fromFileUrl(new URL("cli.ts", PROJECT_ROOT))];
const PASSPHRASE = "open sesame";

shareCommandProcesses();

/** A server that lets in who has an encrypted key, and the options of whom it knows. */
async function start(stack: AsyncDisposableStack) {
  const home = stack.use(await TempDir.create());
  const userKey = await sshKeys("ed25519", ["-N", PASSPHRASE]);
  const server = stack.use(await SshdServer.start({ userKey }));
  await home.write("key", userKey.secret);
  await home.write("known_hosts", server.knownHosts);
  const user = new TextDecoder().decode(new Deno.Command("id", { args: ["-un"] }).outputSync().stdout).trim();
  const url = server.url(await home.write("served/file", "hello"), `${user}@`);
  return { home, url, options: ["--ssh-known-hosts", "known_hosts", "--retries", "0"] };
}

Deno.test("corehaul opens an encrypted key with the passphrase of a variable, and says what is missing without", async () => {
  await using stack = new AsyncDisposableStack();
  const { home, url, options } = await start(stack);
  const get = (env: Record<string, string>, more: readonly string[]) =>
    corehaul(["get", "--json", url, ...options, ...more], { cwd: home.path, env: { HOME: home.path, ...env } });
  const good = await get({ CFG_SSH_PASSPHRASE: PASSPHRASE }, ["--ssh-key", "key", "--dir", "good"]);
  assertEquals(good.code, 0, good.stderr);
  assertEquals(await Deno.readTextFile(home.join("good/file")), "hello");
  assert(!`${good.stdout}${good.stderr}`.includes(PASSPHRASE));
  // A key that is named must be one that can be used.
  for (
    const [env, why] of [[{}, "it is encrypted: see --ssh-passphrase"], [
      { CFG_SSH_PASSPHRASE: "open barley" },
      "it is encrypted, with another passphrase than that of --ssh-passphrase",
    ]] as const
  ) {
    const refused = await get(env, ["--ssh-key", "key"]);
    assertEquals(refused.code, 2, refused.stderr);
    assertStringIncludes(refused.stderr, why);
    assert(!refused.stderr.includes("barley"));
  }
  // One that is only looked for may be missing; what the server then refuses says so.
  const said = async () => {
    const { stdout } = await get({}, []);
    const [failed] = jsonLines(stdout).filter(({ type }) => type === "task_failed") as { error: { message: string } }[];
    return failed!.error.message.replace(/^[^(]*/, "");
  };
  assertEquals(await said(), "(there is no private key: looked for ~/.ssh/id_ed25519, ~/.ssh/id_ecdsa, ~/.ssh/id_rsa)");
  await home.write(".ssh/id_ed25519", await Deno.readTextFile(home.join("key")));
  assertEquals(await said(), "(~/.ssh/id_ed25519 is encrypted: see --ssh-passphrase)");
});

Deno.test("corehaul asks for the passphrase at the terminal, shows none of it, and asks again", async () => {
  await using stack = new AsyncDisposableStack();
  const { home, url, options } = await start(stack);
  const args = ["get", url, "--ssh-key", "key", "--dir", "files", ...options];
  await using terminal = await TerminalProcess.start(Deno.execPath(), [...CLI, ...args], home.path);
  await terminal.shows(/Passphrase of key: /);
  await terminal.type("open barley\n");
  await terminal.shows(/That is not the passphrase\. Passphrase of key: /);
  await terminal.type(`${PASSPHRASE}X\u007f\n`);
  assertEquals(await terminal.ended(), 0, terminal.text);
  assertEquals(await Deno.readTextFile(home.join("files/file")), "hello");
  assert(!/barley|sesame/.test(terminal.raw));
});
