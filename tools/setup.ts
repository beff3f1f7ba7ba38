/**
 * Installs the programs that the tests run and that are missing, where that can be done without
 * asking: on Debian, as root. Elsewhere says what to type, and fails. Says nothing if all are there.
 *
 * @module
 */

import { INSTALL_REDIS } from "../testing/redis_server.ts";

const OLDEST_MAJOR = 7;
/** Tells the packages of Debian whether they may start services. */
const SERVICE_POLICY = "/usr/sbin/policy-rc.d";
const NO_SERVICES = "#!/bin/sh\nexit 101\n";

/** What a program prints; undefined where it is missing. */
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
  /** What the tests do with it. */
  readonly use: string;
  isInstalled(): boolean;
  /** What to type. */
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
    use: "clients and servers in another language talk to ours",
    isInstalled: () => outputOf("python3", "--version") !== undefined,
    install: "apt-get update && apt-get install -y python3",
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
    // To ask it for its version takes longer than all the rest.
    isInstalled: () => outputOf("sh", "-c", "command -v chromium") !== "",
    install: "apt-get update && apt-get install -y --no-install-recommends chromium",
  },
  {
    name: "wrk",
    use: "it puts load on the HTTP server",
    // It ends with a complaint whatever it is asked.
    isInstalled: () => outputOf("wrk", "-v") !== undefined,
    install: "apt-get update && apt-get install -y wrk",
  },
];

function canInstall(): boolean {
  return Deno.uid() === 0 && outputOf("apt-get", "--version") !== undefined;
}

/** Runs what a user would type; the fixtures start their own servers, so that no service is wanted. */
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

/** False where somebody else has set a policy, which stays. */
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
