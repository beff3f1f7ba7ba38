/**
 * The TCP commands of shared state. Slots travel as base64.
 *
 * @module
 */

import { SharedBackendLimitError } from "../errors.ts";
import { checkIndex, checkSlot, checkStateName } from "../validate.ts";
import { InvalidInputError } from "../../store/errors.ts";
import type { StateWrite } from "../table.ts";
import {
  bytesArgument,
  bytesOf,
  encodedArgument,
  textArgument,
  textOf,
} from "../../tcp/protocol/arguments.ts";
import { type Command, command, type CommandContext } from "../../tcp/server/command.ts";
import type { StateSession, WriteOutcome } from "./session.ts";
import { messageOf } from "../../../lib/base/thrown.ts";

const NUMBER = /^(?:0|[1-9][0-9]{0,15})$/;
const CLIENT_ID = /^[\x21-\x7e]{1,64}$/;

type StateContext = CommandContext<StateSession>;

function numberOf(argument: string): number {
  const number = NUMBER.test(argument) ? Number(argument) : NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new InvalidInputError(
    `a number must be a whole number, at least 0, not ${argument.slice(0, 40)}`,
  );
}

function nameOf(kind: "threadId" | "chain" | "uuid", argument: string): string {
  return checked(textOf(argument), (name) => checkStateName(kind, name));
}

function slotOf(argument: string): Uint8Array {
  return checked(bytesOf(argument), checkSlot);
}

/** Checks a value. The client sees the message of a check that throws. */
function checked<T>(value: T, check: (value: T) => void): T {
  try {
    check(value);
    return value;
  } catch (error) {
    throw new InvalidInputError(messageOf(error));
  }
}

function write({ service: state, store }: StateContext, number: string, write: StateWrite): string {
  return state.write(numberOf(number), { write, store, toReply: outcomeReply });
}

function outcomeReply(outcome: WriteOutcome): string {
  if (outcome instanceof SharedBackendLimitError) {
    return `LIMIT ${outcome.limit} ${encodedArgument(outcome.message)}`;
  }
  return outcome === undefined ? "OK" : `OK ${Number(outcome)}`;
}

function slotReply(
  slot: Uint8Array | undefined,
  checkValue: (bytes: number) => void,
): string {
  if (slot === undefined) return "NONE";
  checkValue(slot.length);
  return `SLOT ${bytesArgument(slot)}`;
}

function slotsReply(
  slots: readonly Uint8Array[],
  checkReply: (bytes: number, remedy: string) => void,
): string {
  const bytes = slots.reduce((sum, { length }) => sum + 4 * Math.ceil(length / 3) + 1, 0);
  checkReply(bytes, "read slot by slot");
  return ["SLOTS", ...slots.map(bytesArgument)].join(" ");
}

function nameReply(name: string | undefined): string {
  return name === undefined ? "NONE" : `NAME ${textArgument(name)}`;
}

const ROWS: readonly Omit<Command<StateSession>, "required">[] = [
  {
    name: "STATE_HELLO",
    parameters: [],
    flags: ["open"],
    reply: "NONCE base64 instance",
    summary: "Returns a random number to prove the authkey over, and the id of this state.",
    handle({ service: state }) {
      const { nonce, instance } = state.hello();
      return `NONCE ${bytesArgument(nonce)} ${instance}`;
    },
  },
  {
    name: "STATE_PROVE",
    parameters: ["nonce", "proof"],
    flags: ["open"],
    reply: "PROOF base64",
    summary: "Proves with HMAC-SHA256 over both numbers that the client knows the authkey. The " +
      "reply proves it of the server.",
    handle(context, [nonce, proof]) {
      const own = context.service.prove(bytesOf(nonce), bytesOf(proof));
      if (own === undefined) throw new InvalidInputError("wrong authkey");
      context.allowLongLines();
      return `PROOF ${bytesArgument(own)}`;
    },
  },
  {
    name: "STATE_ATTACH",
    parameters: ["client", "maxSlotsPerThread", "maxThreads", "ttlMs"],
    flags: ["state"],
    reply: "ATTACHED",
    summary:
      "Attaches a client to the state, which must have these limits (`ttlMs` 0: no expiry). " +
      "`ENDING` if the server is about to end. A client that reconnects uses its former name.",
    handle({ service: state }, [client, maxSlotsPerThread, maxThreads, ttlMs]) {
      if (!CLIENT_ID.test(client)) {
        throw new InvalidInputError("a client's name must be 1 to 64 visible ASCII characters");
      }
      const isAttached = state.attach(client, {
        maxSlotsPerThread: numberOf(maxSlotsPerThread),
        maxThreads: numberOf(maxThreads),
        ttlMs: numberOf(ttlMs) || undefined,
      });
      return isAttached ? "ATTACHED" : "ENDING";
    },
  },
  {
    name: "STATE_APPEND",
    parameters: ["number", "threadId", "slot"],
    flags: ["state"],
    reply: "OK index",
    summary: "Appends a slot to a thread. `LIMIT n message` at a limit. A client numbers its " +
      "writes, and the server carries out each number once.",
    handle: (context, [number, threadId, slot]) =>
      write(context, number, {
        kind: "append",
        threadId: nameOf("threadId", threadId),
        slot: slotOf(slot),
      }),
  },
  {
    name: "STATE_SLOTS",
    parameters: ["threadId"],
    flags: ["state"],
    reply: "SLOTS base64 ...",
    summary: "All slots of a thread in their order.",
    handle: (session, [threadId]) =>
      slotsReply(
        session.service.table.slots(nameOf("threadId", threadId)),
        (bytes, remedy) => session.checkReply(bytes, remedy),
      ),
  },
  {
    name: "STATE_SLOT",
    parameters: ["threadId", "index"],
    flags: ["state"],
    reply: "SLOT base64",
    summary: "One slot. `NONE` if there is none with that index.",
    handle(session, [threadId, index]) {
      const slotIndex = checked(numberOf(index), checkIndex);
      return slotReply(
        session.service.table.slot(nameOf("threadId", threadId), slotIndex),
        (bytes) => session.checkValue(bytes),
      );
    },
  },
  {
    name: "STATE_LENGTH",
    parameters: ["threadId"],
    flags: ["state"],
    reply: "OK n",
    summary: "Number of slots of a thread.",
    handle: ({ service: state }, [threadId]) =>
      `OK ${state.table.threadLength(nameOf("threadId", threadId))}`,
  },
  {
    name: "STATE_THREADS",
    parameters: [],
    flags: ["state"],
    reply: "NAMES JSON:[...]",
    summary: "Ids of all threads.",
    handle: ({ service: state }) =>
      `NAMES ${encodedArgument(JSON.stringify(state.table.threadIds()))}`,
  },
  {
    name: "STATE_COUNTS",
    parameters: [],
    flags: ["state"],
    reply: "COUNTS threads pairs",
    summary: "Numbers of threads and of pairs.",
    handle({ service: state }) {
      const { threads, pairs } = state.table.unexpiredCounts();
      return `COUNTS ${threads} ${pairs}`;
    },
  },
  {
    name: "STATE_DELETE_THREAD",
    parameters: ["number", "threadId"],
    flags: ["state"],
    reply: "OK n",
    summary: "Deletes a thread. 0 if there was none.",
    handle: (context, [number, threadId]) =>
      write(context, number, { kind: "deleteThread", threadId: nameOf("threadId", threadId) }),
  },
  {
    name: "STATE_CLEAR_THREADS",
    parameters: ["number"],
    flags: ["state"],
    reply: "OK",
    summary: "Deletes all threads.",
    handle: (context, [number]) => write(context, number, { kind: "clearThreads" }),
  },
  {
    name: "STATE_SET_PAIR",
    parameters: ["number", "chain", "uuid"],
    flags: ["state"],
    reply: "OK",
    summary: "Maps a chain and a uuid to each other. Removes the earlier pairs of both.",
    handle: (context, [number, chain, uuid]) =>
      write(context, number, {
        kind: "setPair",
        chain: nameOf("chain", chain),
        uuid: nameOf("uuid", uuid),
      }),
  },
  {
    name: "STATE_UUID",
    parameters: ["chain"],
    flags: ["state"],
    reply: "NAME uuid",
    summary: "The uuid of a chain. `NONE` if it has none.",
    handle: ({ service: state }, [chain]) => nameReply(state.table.uuidOf(nameOf("chain", chain))),
  },
  {
    name: "STATE_CHAIN",
    parameters: ["uuid"],
    flags: ["state"],
    reply: "NAME chain",
    summary: "The chain of a uuid. `NONE` if it has none.",
    handle: ({ service: state }, [uuid]) => nameReply(state.table.chainOf(nameOf("uuid", uuid))),
  },
  {
    name: "STATE_PAIRS",
    parameters: [],
    flags: ["state"],
    reply: "PAIRS JSON:{...}",
    summary: "All pairs, as an object from uuids to chains.",
    handle: ({ service: state }) => `PAIRS ${encodedArgument(JSON.stringify(state.table.pairs()))}`,
  },
  {
    name: "STATE_DELETE_PAIR",
    parameters: ["number", "uuid"],
    flags: ["state"],
    reply: "OK n",
    summary: "Deletes the pair of a uuid. 0 if there was none.",
    handle: (context, [number, uuid]) =>
      write(context, number, { kind: "deletePair", uuid: nameOf("uuid", uuid) }),
  },
  {
    name: "STATE_CLEAR_PAIRS",
    parameters: ["number"],
    flags: ["state"],
    reply: "OK",
    summary: "Deletes all pairs.",
    handle: (context, [number]) => write(context, number, { kind: "clearPairs" }),
  },
  {
    name: "STATE_LEAVE",
    parameters: [],
    flags: ["state"],
    reply: "OK LEFT",
    summary: "Detaches the client. `OK LAST` if the server ends with it.",
    handle: ({ service: state }) => (state.detach() ? "OK LAST" : "OK LEFT"),
  },
];

/** The commands of shared state. */
export const STATE_COMMANDS: readonly Command<StateSession>[] = ROWS.map(command);
