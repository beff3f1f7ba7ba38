/**
 * What a server shows of the machine on its dashboard and in its metrics.
 *
 * @module
 */

import { type OptionTable, UsageError } from "../command.ts";
import type { Output } from "../output.ts";
import { queueAt } from "../queue/open.ts";
import type { MessageQueue } from "../../backends/queue/types.ts";
import type { SharedBackend } from "../../backends/state/types.ts";
import { ShmError } from "../../lib/base/errors.ts";
import { segmentDirectory } from "../../lib/platform/directory.ts";
import { openState } from "./state.ts";

/** Options that name what is shown. */
export const SHOWN_OPTIONS = {
  queue: {
    type: "string",
    multiple: true,
    value: "LABEL=PLACE",
    help: "show the message queue at a Redis URL, or of a name in shared memory, in /metrics",
  },
  state: {
    type: "string",
    multiple: true,
    value: "LABEL=PLACE",
    help: "show the shared state at a Redis URL, or of a name in shared memory, on the dashboard",
  },
  dir: { type: "string", value: "DIR", help: "directory of the channels that are shown" },
} as const satisfies OptionTable;

/** Values of these options. */
export interface ShownValues {
  readonly queue?: readonly string[];
  readonly state?: readonly string[];
  readonly dir?: string;
}

/** What a server shows besides its store. */
export interface Shown {
  readonly queues: Readonly<Record<string, MessageQueue>>;
  readonly states: Readonly<Record<string, SharedBackend>>;
}

/** Opens queues and states, which close with the rest. */
export async function openShown(
  { queue = [], state = [] }: ShownValues,
  running: AsyncDisposableStack,
): Promise<Shown> {
  return {
    queues: await opened("queue", "URL", queue, async (place) => {
      const open = running.use(await queueAt(place));
      await open.initialize();
      return open;
    }),
    states: await opened("state", "REDIS_URL", state, async (place) => {
      const where = place.includes("://") ? { url: place } : { name: place };
      return running.use(await openState(where));
    }),
  };
}

/** What the values of an option name, by their labels. */
async function opened<T>(
  option: string,
  url: string,
  texts: readonly string[],
  open: (place: string) => Promise<T>,
): Promise<Record<string, T>> {
  const named: Record<string, T> = {};
  for (const text of texts) {
    const [, label, place] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (label === undefined) {
      throw new UsageError(
        `--${option} takes LABEL=${url}, or LABEL=NAME of a ${option} in shared memory`,
      );
    }
    named[label] = await open(place);
  }
  return named;
}

/**
 * The channels that a server shows if it may read them; a notice says why it may not. A directory that was named
 * must be readable.
 */
export function channelsOf(
  { dir }: ShownValues,
  output: Output,
): boolean | { readonly dir: string } {
  if (!mayCallLibrary()) {
    output.notice("the channels of this machine are not shown: that needs --allow-ffi");
    return false;
  }
  try {
    segmentDirectory(dir);
    return dir === undefined || { dir };
  } catch (error) {
    if (dir !== undefined || !(error instanceof ShmError)) throw error;
    output.notice(`the channels of this machine are not shown: ${error.message}`);
    return false;
  }
}

/** Asks nobody for the permission. */
function mayCallLibrary(): boolean {
  const { state, partial } = Deno.permissions.querySync({ name: "ffi" });
  return state === "granted" || partial === true;
}
