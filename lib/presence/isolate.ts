/**
 * An agent is one isolate - the main program or a worker - as others see it: a FIFO in the segment
 * directory. The FIFO is its doorbell, which one read in the event loop serves whatever the number of
 * channels, and the lock held on it is the proof that the agent lives: the kernel drops it when
 * the process ends in any way, and it survives reuse of process ids.
 *
 * @module
 */

import { AGENT_PREFIX, codeOf, NEW_PREFIX } from "../platform/directory.ts";
import { hasThreadEnded, isOfThisProcess, newAgentId } from "./isolate_id.ts";
import { type DoorbellReader, openDoorbell } from "./doorbell.ts";
import type { Listener } from "../segment/memory.ts";
import { Listeners } from "./waiters.ts";
import { platform } from "../platform/mod.ts";
import { SystemError } from "../platform/platform.ts";

const agents = new Map<string, Agent>();

/** The FIFO of an agent. */
export function agentPath(directory: string, id: bigint): string {
  return `${directory}/${AGENT_PREFIX}${BigInt.asUintN(64, id).toString(16).padStart(16, "0")}`;
}

/** The agent whose FIFO has a name, if any has. */
export function agentIdOf(name: string): bigint | undefined {
  const digits = name.slice(AGENT_PREFIX.length);
  return /^[0-9a-f]{16}$/.test(digits) ? BigInt.asIntN(64, BigInt(`0x${digits}`)) : undefined;
}

/** This isolate's agent in a directory; every caller releases it once. */
export function acquireAgent(directory: string): Agent {
  let agent = agents.get(directory);
  if (!agent) {
    agent = new Agent(directory);
    agents.set(directory, agent);
  }
  agent.users++;
  return agent;
}

/** Directories in which this isolate has an agent. */
export function agentDirectories(): string[] {
  return [...agents.keys()];
}

/** True while an agent of this process is left in one of the directories. */
export function hasAgentLeft(directories: string[]): boolean {
  return directories.some((directory) =>
    namesIn(directory).some((name) => {
      const id = name.startsWith(AGENT_PREFIX) ? agentIdOf(name) : undefined;
      return id !== undefined && isOfThisProcess(id);
    })
  );
}

function namesIn(directory: string): string[] {
  try {
    return platform().list(directory);
  } catch {
    // A directory that was removed holds nobody.
    return [];
  }
}

/** Gives up this isolate's use of an agent; the last one takes its FIFO away. */
export function releaseAgent(agent: Agent): void {
  if (--agent.users > 0) return;
  agents.delete(agent.directory);
  agent.close();
}

/** One isolate in one directory. */
export class Agent {
  readonly directory: string;
  readonly id: bigint;
  /** Sockets that use it. */
  users = 0;
  readonly #path: string;
  readonly #fifo: number;
  readonly #bells = new Map<bigint, number>();
  readonly #listeners = new Listeners();
  #doorbell: DoorbellReader | undefined;

  constructor(directory: string) {
    this.directory = directory;
    this.id = newAgentId();
    this.#path = agentPath(directory, this.id);
    this.#fifo = makeLockedFifo(this.#path);
  }

  /** The FIFO's descriptor, for platforms whose synchronous sleep waits on it. */
  get fifo(): number {
    return this.#fifo;
  }

  /** False if an agent's process or worker has ended; its FIFO is then removed. */
  isAlive(id: bigint): boolean {
    return id === this.id || isAgentAlive(this.directory, id);
  }

  /** Rings another agent's doorbell. */
  ring(id: bigint): void {
    let fd = this.#bells.get(id);
    if (fd === undefined) {
      this.#dropDeadBells();
      fd = openBell(agentPath(this.directory, id));
      if (fd < 0) return;
      this.#bells.set(id, fd);
    }
    if (platform().ring(fd)) return;
    platform().close(fd);
    this.#bells.delete(id);
  }

  /** Whoever cleans up after an agent removes its FIFO: ours would stay open for ever. */
  #dropDeadBells(): void {
    for (const [id, fd] of this.#bells) {
      if (platform().statusOf(fd).links > 0) continue;
      platform().close(fd);
      this.#bells.delete(id);
    }
  }

  /** Adds a socket that waits in the event loop. */
  startListening(listener: Listener): void {
    this.#listeners.add(listener);
    this.#doorbell ??= openDoorbell(this.#fifo, () => this.#listeners.look(false));
  }

  /** Removes it; with the last one the event loop is free to end. */
  stopListening(listener: Listener): void {
    this.#listeners.remove(listener);
  }

  /** Closes all descriptors and removes the FIFO. */
  close(): void {
    this.#listeners.close();
    unlinkIfThere(this.#path);
    for (const fd of this.#bells.values()) platform().close(fd);
    this.#bells.clear();
    if (this.#doorbell) this.#doorbell.close();
    else platform().close(this.#fifo);
  }
}

/** False if an agent's process or worker has ended; its FIFO is then removed. */
export function isAgentAlive(directory: string, id: bigint): boolean {
  const path = agentPath(directory, id);
  if (!isLocked(path)) return false;
  if (!hasThreadEnded(id)) return true;
  unlinkIfThere(path);
  return false;
}

function unlinkIfThere(path: string): void {
  try {
    platform().unlink(path);
  } catch {
    // Somebody else has removed it.
  }
}

/** The FIFO gets its name when it is locked, so that nobody takes a new agent for a dead one. */
function makeLockedFifo(path: string): number {
  const os = platform();
  const unnamed = path.replace(AGENT_PREFIX, NEW_PREFIX);
  while (true) {
    const fd = os.makeFifo(unnamed);
    os.lock(fd, "exclusive");
    if (tryRename(unnamed, path)) return fd;
    // We stood still for long, and it was taken for one that a dead process left.
    os.close(fd);
  }
}

/** False if there is nothing of that name any more. */
function tryRename(from: string, to: string): boolean {
  try {
    platform().rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}

function openBell(path: string): number {
  try {
    return platform().openFifoToRing(path);
  } catch (error) {
    if (error instanceof SystemError && (error.code === "ENOENT" || error.code === "ENXIO")) {
      return -1;
    }
    throw error;
  }
}

/**
 * True while somebody holds the lock on a file; a FIFO that nobody holds is removed. What cannot be
 * looked at, because there are no descriptors left for example, counts as held.
 */
export function isLocked(path: string): boolean {
  const os = platform();
  let fd: number;
  try {
    fd = os.openFifo(path);
  } catch (error) {
    return codeOf(error) !== "ENOENT";
  }
  try {
    if (!os.lock(fd, "shared")) return true;
    os.unlink(path);
    return false;
  } catch {
    return false;
  } finally {
    os.close(fd);
  }
}
