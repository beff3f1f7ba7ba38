/**
 * A backend's attachment to the journal of its name, and the store that replays it.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { ShmConnectionError, ShmCorruptionError, ShmError } from "../../../lib/base/errors.ts";
import type { ContextHeaders } from "../../../lib/base/context_headers.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import { type ArgumentValues, checkArguments } from "../../store/arguments.ts";
import type { Operation } from "../../store/operation.ts";
import { OPERATIONS } from "../../store/operations.ts";
import type { Subscription } from "../../store/subscription.ts";
import { MessagingConnectionError, MessagingRefusedError } from "../errors.ts";
import {
  encodeOperation,
  encodeRecord,
  FORMAT,
  LIMIT_NAMES,
  type LimitName,
  type RecordContext,
} from "./operation.ts";
import { DEFAULT_MAX_BYTES, type ShmMessagingBackendOptions } from "./options.ts";
import { type Limits, Replica } from "./replica.ts";

/** An operation of the store. */
export type OperationName = keyof typeof OPERATIONS;
/** The arguments of an operation. */
export type ValuesOf<N extends OperationName> = typeof OPERATIONS[N] extends Operation<infer A>
  ? ArgumentValues<A>
  : never;

/** Operations that only remove something: on a full disk they use reserved space. */
const REMOVALS: ReadonlySet<OperationName> = new Set(["unsubscribe", "punsubscribe"]);

/** Operations after which nothing more is stored. */
const STORING_NOTHING: ReadonlySet<OperationName> = new Set([
  "publish",
  "subscribe",
  "psubscribe",
  "unsubscribe",
  "punsubscribe",
]);

/** An attached member of the journal. */
export class Attached {
  readonly journal: Journal;
  readonly replica: Replica;
  readonly #name: string;

  constructor(journal: Journal, replica: Replica, name: string) {
    this.journal = journal;
    this.replica = replica;
    this.#name = name;
  }

  /**
   * Appends an operation, and returns its result.
   *
   * @throws {MessagingRefusedError} if there is no space
   */
  write<N extends OperationName>(
    name: N,
    values: ValuesOf<N>,
    headers: ContextHeaders | undefined,
  ): unknown {
    const operation: Operation = OPERATIONS[name];
    checkArguments(operation, values);
    const context = this.#recordContext(headers);
    const record = encodeOperation(operation, values, context);
    const heldUntilMs = STORING_NOTHING.has(name) ? 0 : context.lastExpiryMs ?? Infinity;
    return this.append(record, REMOVALS.has(name), heldUntilMs);
  }

  #recordContext(
    headers: ContextHeaders | undefined,
  ): RecordContext & { lastExpiryMs: number | undefined } {
    const { journal } = this;
    return {
      headers,
      member: { name: this.#name, isolate: journal.isolate },
      lastExpiryMs: undefined,
      expiresAtMs(ttlSeconds) {
        journal.catchUp();
        return this.lastExpiryMs = Math.ceil(journal.nowMs() + ttlSeconds * 1000);
      },
    };
  }

  /** Removes the subscriptions of this member. */
  leave(): void {
    this.append(encodeRecord("leave", [this.#name]), true);
  }

  /**
   * Appends a record, and returns the result of its operation.
   *
   * @param heldUntilMs when what it adds expires; 0 if it adds no data
   * @throws {MessagingRefusedError} if there is no space
   */
  append(record: Uint8Array, isRemoval: boolean, heldUntilMs = 0): unknown {
    try {
      if (isRemoval) this.journal.appendRemoval(record);
      else this.journal.append(record, heldUntilMs);
    } catch (cause) {
      if (!(cause instanceof ShmConnectionError)) throw cause;
      throw new MessagingRefusedError(`there is no space in shared memory: ${cause.message}`, {
        cause,
      });
    }
    return this.replica.outcome();
  }
}

/** The backend that attaches. */
export interface Member {
  /** Its name in the journal. */
  readonly name: string;
  readonly address: string;
  readonly subscription: Subscription;
  readonly options: ShmMessagingBackendOptions;
  /** Called with the journal before its records are applied: closing the backend closes it. */
  joins(journal: Journal): void;
  /** Throws if the backend was closed. */
  checkOpen(): void;
}

/**
 * Attaches to the journal, creating it if it is new, and gives the event loop its turns while the records
 * are applied. An empty state with other limits is replaced.
 *
 * @throws {MessagingConnectionError} if it cannot be opened, or has other limits
 */
export async function attach(member: Member): Promise<Attached> {
  try {
    return await attachOrThrow(member);
  } catch (cause) {
    if (!(cause instanceof ShmError) || cause instanceof ShmCorruptionError) throw cause;
    throw new MessagingConnectionError(`cannot attach (${cause.message})`, member.address, {
      cause,
    });
  }
}

async function attachOrThrow(member: Member): Promise<Attached> {
  const attached = join(member);
  const { journal, replica } = attached;
  member.joins(journal);
  await applyOrLeave(journal, member);
  replaceDefaults(member.options, attached);
  const [other] = differingLimits(member.options, replica.limits);
  if (other === undefined) return attached;
  journal.removeExpired();
  const { topics, keys } = replica.store.stats();
  const error = limitError(other, member, attached);
  if (topics + keys === 0 && journal.tryDelete()) return await attachOrThrow(member);
  journal.leave();
  throw error;
}

async function applyOrLeave(journal: Journal, member: Member): Promise<void> {
  try {
    await journal.catchUpInTurns();
    member.checkOpen();
    journal.catchUp();
  } catch (error) {
    journal.leave();
    throw error;
  }
}

/** Joins the journal without applying its records. */
function join(member: Member): Attached {
  const { name, maxBytes, maxMessagesPerTopic, dir, persist, clock } = member.options;
  const replica = new Replica(member.name, member.subscription, {
    maxBytes: maxBytes ?? DEFAULT_MAX_BYTES,
    maxMessagesPerTopic: maxMessagesPerTopic ?? Infinity,
    asked: LIMIT_NAMES.filter((limit) => member.options[limit] !== undefined),
  }, () => journal.nowMs());
  const journal: Journal = new Journal(name, FORMAT, replica, {
    appliesLater: true,
    ...dir === undefined ? {} : { dir },
    ...persist === undefined ? {} : { persist },
    ...clock === undefined ? {} : { clock },
  });
  return new Attached(journal, replica, member.name);
}

/** The limits that a backend asks for, and that the state does not have. */
function differingLimits(options: ShmMessagingBackendOptions, limits: Limits): LimitName[] {
  return LIMIT_NAMES.filter((limit) => {
    const asked = options[limit];
    return asked !== undefined && asked !== limits[limit];
  });
}

/** Sets limits that no backend has asked for so far. They stay if the state holds more. */
function replaceDefaults(options: ShmMessagingBackendOptions, attached: Attached): void {
  const { limits } = attached.replica;
  const free = LIMIT_NAMES.filter((limit) => !limits.asked?.includes(limit));
  const asked = Object.fromEntries(
    free.filter((limit) => options[limit] !== undefined).map((limit) => [limit, options[limit]]),
  );
  if (Object.keys(asked).length === 0) return;
  try {
    attached.append(attached.replica.limitsRecord(asked), false);
  } catch (error) {
    if (!(error instanceof MessagingRefusedError)) throw error;
  }
}

function limitError(
  limit: LimitName,
  { options, address }: Member,
  { journal, replica: { limits, store } }: Attached,
): MessagingConnectionError {
  const { messages, keys } = store.stats();
  return new MessagingConnectionError(
    `cannot attach: ${limit} is ${limits[limit]} there, not ${options[limit]}; ` +
      `${journal.creator}, and it holds ${pluralize(messages, "message")} and ` +
      `${pluralize(keys, "key")}; omit the limit to ` +
      `read them, or delete them with ${journal.removalCall} when no process uses them,`,
    address,
  );
}
