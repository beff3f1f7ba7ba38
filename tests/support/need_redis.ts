/**
 * Installs Redis for the tests where that can be done without asking: on Debian, as root. Elsewhere
 * says what to type, and fails.
 *
 * @module
 */

import { INSTALL_REDIS } from "../../testing/redis_server.ts";

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

function isInstalled(): boolean {
  const version = outputOf("redis-server", "--version")?.match(/ v=(\d+)/)?.[1];
  return Number(version ?? 0) >= OLDEST_MAJOR;
}

function canInstall(): boolean {
  return Deno.uid() === 0 && outputOf("apt-get", "--version") !== undefined;
}

/** Runs what a user would type; the fixtures start their own servers, so that no service is wanted. */
function install(): boolean {
  const isOurs = forbidServices();
  try {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const args = ["-c", INSTALL_REDIS];
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

if (!isInstalled() && !(canInstall() && install() && isInstalled())) {
  console.error(
    `The tests need redis-server ${OLDEST_MAJOR} or later; type as root: ${INSTALL_REDIS}`,
  );
  Deno.exit(1);
}
