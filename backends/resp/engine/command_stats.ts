/**
 * Counts the calls of commands, and those that the server does not have.
 *
 * @module
 */

import { COMMAND_BOUNDS_SECONDS, Durations } from "../../store/durations.ts";
import { RecentErrors } from "../../store/recent_errors.ts";
import { TextMap } from "../../../lib/base/text_map.ts";

/** Most different names of unknown commands that are counted one by one. */
const MAX_UNKNOWN_NAMES = 1000;
const MAX_NAME_LENGTH = 128;

/** What is counted of a command. */
export interface CommandCounts {
  calls: number;
  /** Calls that were refused before they were executed. */
  rejected: number;
  /** Calls that replied with an error. */
  failed: number;
  /** How long those took that were measured. */
  readonly durations: Durations;
}

/** The counters of all commands. */
export class CommandStats {
  /** By name, for commands that were called. */
  readonly byName: Map<string, CommandCounts> = new Map();
  /** Number of calls of commands that the server does not have, by the name that was called. */
  readonly unknown: TextMap<number> = new TextMap();
  /** Commands executed in all. */
  processed = 0;
  /** Clients that were disconnected because they did not read. */
  droppedClients = 0;
  /** Number of error replies by code. */
  readonly errors: TextMap<number> = new TextMap();
  /** The last error replies. */
  readonly recentErrors: RecentErrors = new RecentErrors();

  /** The counters of a command. */
  of(name: string): CommandCounts {
    let counts = this.byName.get(name);
    if (counts === undefined) {
      const durations = new Durations(COMMAND_BOUNDS_SECONDS);
      this.byName.set(name, counts = { calls: 0, rejected: 0, failed: 0, durations });
    }
    return counts;
  }

  /** Counts a call of a command that the server does not have. */
  countUnknown(name: string): void {
    const key = name.slice(0, MAX_NAME_LENGTH).toLowerCase();
    const count = this.unknown.get(key);
    if (count === undefined && this.unknown.size >= MAX_UNKNOWN_NAMES) return;
    this.unknown.set(key, (count ?? 0) + 1);
  }

  /** Counts an error reply. `command` is undefined if there is no such command. */
  countError(text: string, command: string | undefined): void {
    this.recentErrors.add(command === undefined ? "redis" : `redis ${command}`, text);
    const [code] = text.split(" ", 1);
    const key = code.slice(0, MAX_NAME_LENGTH);
    const count = this.errors.get(key);
    if (count === undefined && this.errors.size >= MAX_UNKNOWN_NAMES) return;
    this.errors.set(key, (count ?? 0) + 1);
  }

  /** Sets all to 0. */
  reset(): void {
    this.byName.clear();
    this.unknown.clear();
    this.errors.clear();
    this.processed = 0;
  }
}
