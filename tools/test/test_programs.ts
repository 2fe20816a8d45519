/** One program that the tests start. */
export interface TestProgram {
  /** Its name: it is looked for in `PATH` and where Debian keeps daemons. */
  readonly name: string;
  /** The Debian package that has it. */
  readonly debianPackage: string;
  /** A command that succeeds only where it is installed. Default: it is there if a file of its name can be executed. */
  readonly probe?: readonly string[];
}

/** Every program that the tests start, beside what each Debian has. Node.js and npm are there: they brought Deno. */
export const TEST_PROGRAMS: readonly TestProgram[] = [
  { name: "nginx", debianPackage: "nginx" },
  { name: "apache2", debianPackage: "apache2" },
  { name: "caddy", debianPackage: "caddy" },
  { name: "python3", debianPackage: "python3" },
  // Another Python may come first in PATH, without Debian's modules.
  { name: "httpbin", debianPackage: "python3-httpbin", probe: ["/usr/bin/python3", "-c", "import httpbin"] },
  {
    name: "swift",
    debianPackage: "python3-swift",
    probe: ["/usr/bin/python3", "-c", "import swift.common.middleware.s3api"],
  },
  { name: "vsftpd", debianPackage: "vsftpd" },
  { name: "sshd", debianPackage: "openssh-server" },
  { name: "ssh-keygen", debianPackage: "openssh-client" },
  { name: "redis-server", debianPackage: "redis-server" },
  { name: "redis-cli", debianPackage: "redis-tools" },
  { name: "faketime", debianPackage: "faketime" },
  { name: "ip", debianPackage: "iproute2" },
  { name: "ps", debianPackage: "procps" },
  { name: "zsh", debianPackage: "zsh" },
  { name: "fish", debianPackage: "fish" },
  { name: "groff", debianPackage: "groff-base" },
  { name: "git", debianPackage: "git" },
  { name: "buildah", debianPackage: "buildah" },
];
