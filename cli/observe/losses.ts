/**
 * What is lost when a channel is deleted.
 *
 * @module
 */

import { pluralize } from "../../lib/base/pluralize.ts";
import { sizeText } from "./format.ts";
import { historyIn, kindIn, waitingIn } from "../../lib/observe/figures.ts";
import type { Sample } from "./sample.ts";

type Participant = Sample["snapshot"]["participants"][number];

/** What a channel holds that nobody can read once it is deleted. */
export function lossOf({ snapshot }: Sample): string {
  const size = sizeText(snapshot.sizeBytes);
  switch (kindIn(snapshot)) {
    case "queue": {
      const waiting = waitingIn(snapshot);
      return waiting === undefined
        ? "an unknown number of messages that no puller has acknowledged"
        : `${pluralize(waiting, "message")} that no puller has acknowledged`;
    }
    case "broadcast":
      return `a history of ${pluralize(historyIn(snapshot), "message")}`;
    case "request":
      return `${pluralize(snapshot.requests.length, "request")} in flight`;
    case "latest":
      return `all latest values, in ${size}`;
    case "journal":
      return "all messages or state of the backend or queue that it belongs to";
    default:
      return `whatever is in ${size} of a damaged segment`;
  }
}

/** The participants that are alive, in words; undefined if there is none. */
export function usersOf({ snapshot: { participants } }: Sample): string | undefined {
  const alive = participants.filter((one) => one.alive !== false);
  return alive.length === 0 ? undefined : alive.map(participantText).join(", ");
}

function participantText({ role, pid, label }: Participant): string {
  const name = label === undefined ? "" : ` ${JSON.stringify(label)}`;
  return `${role ?? "a participant"}${name} of process ${pid}`;
}
