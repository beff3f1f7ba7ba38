/**
 * Installs the missing programs of the tests, on Debian as root. On other systems it prints the commands
 * to type, and fails. It prints nothing if all programs are installed.
 *
 * @module
 */

import { INSTALL_REDIS } from "../testing/redis_server.ts";

const OLDEST_MAJOR = 7;
/** Controls whether Debian packages may start services. */
const SERVICE_POLICY = "/usr/sbin/policy-rc.d";
const NO_SERVICES = "#!/bin/sh\nexit 101\n";

/** The output of a program. Undefined if the program is missing. */
function outputOf(program: string, ...args: string[]): string | undefined {
  try {
    const { stdout } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A program that the tests run. */
interface Need {
  readonly name: string;
  /** What the tests need it for. */
  readonly use: string;
  isInstalled(): boolean;
  /** Command that installs it. */
  readonly install: string;
}

const NEEDS: readonly Need[] = [
  {
    name: `redis-server ${OLDEST_MAJOR} or later`,
    use: "the backends on Redis run against it",
    isInstalled() {
      const version = outputOf("redis-server", "--version")?.match(/ v=(\d+)/)?.[1];
      return Number(version ?? 0) >= OLDEST_MAJOR;
    },
    install: INSTALL_REDIS,
  },
  {
    name: "python3",
    use: "clients and servers in another language",
    isInstalled: () => outputOf("python3", "--version") !== undefined,
    install: "apt-get update && apt-get install -y python3",
  },
  {
    name: "python3-redis",
    use: "a Redis client in another language",
    isInstalled: () => outputOf("/usr/bin/python3", "-c", "import redis; print(1)") === "1\n",
    install: "apt-get update && apt-get install -y python3-redis",
  },
  {
    name: "curl",
    use: "it runs the commands of the page about the HTTP server",
    isInstalled: () => outputOf("curl", "--version") !== undefined,
    install: "apt-get update && apt-get install -y curl",
  },
  {
    name: "chromium",
    use: "it opens the dashboard",
    // Its --version takes longer than all other checks.
    isInstalled: () => outputOf("sh", "-c", "command -v chromium") !== "",
    install: "apt-get update && apt-get install -y --no-install-recommends chromium",
  },
  {
    name: "wrk",
    use: "it puts load on the HTTP server",
    // It always exits with an error message.
    isInstalled: () => outputOf("wrk", "-v") !== undefined,
    install: "apt-get update && apt-get install -y wrk",
  },
  {
    name: "zsh",
    use: "it completes command lines",
    isInstalled: () => outputOf("zsh", "--version") !== undefined,
    install: "apt-get update && apt-get install -y --no-install-recommends zsh",
  },
  {
    name: "fish",
    use: "it completes command lines",
    isInstalled: () => outputOf("fish", "--version") !== undefined,
    install: "apt-get update && apt-get install -y --no-install-recommends fish",
  },
];

function canInstall(): boolean {
  return Deno.uid() === 0 && outputOf("apt-get", "--version") !== undefined;
}

/** Runs an install command. It starts no services: the fixtures start their own servers. */
function install(need: Need): boolean {
  const isOurs = forbidServices();
  try {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const args = ["-c", need.install];
    const shell = new Deno.Command("sh", { args, env, stdout: "inherit", stderr: "inherit" });
    return shell.outputSync().success;
  } finally {
    if (isOurs) Deno.removeSync(SERVICE_POLICY);
  }
}

/** Forbids services to start. False if the system has a policy already, which is kept. */
function forbidServices(): boolean {
  try {
    Deno.writeTextFileSync(SERVICE_POLICY, NO_SERVICES, { createNew: true, mode: 0o755 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

for (const need of NEEDS) {
  if (need.isInstalled()) continue;
  const { name, use, install: command } = need;
  if (canInstall()) console.error(`Installing ${name} for the tests (${use}): ${command}`);
  if (canInstall() && install(need) && need.isInstalled()) continue;
  console.error(`The tests need ${name} (${use}). Type as root: ${command}`);
  Deno.exit(1);
}
