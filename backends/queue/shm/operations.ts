/**
 * What the records of a queue's journal do: an operation of the engine each, with its arguments as JSON.
 *
 * @module
 */

import type { EngineConfig } from "../config.ts";
import type { MemorySpace } from "../memory/space.ts";
import type {
  Claimant,
  DeliveryTarget,
  Failure,
  MessageToPut,
  NewMessage,
  QueueDelivery,
  StoredSchedule,
} from "../store.ts";
import type { PurgedState } from "../types.ts";

type Place = { readonly channel: string; readonly agent: string };
/** What a release needs of a delivery. */
type Released = Pick<QueueDelivery, "id" | "leaseToken">;
type At = { readonly target: DeliveryTarget };

/** The operations by name. Arguments that are undefined are absent from the record. */
export const OPERATIONS = {
  publish: (space: MemorySpace, call: { message: NewMessage; id: string }, config: EngineConfig) =>
    space.publish(call.message, call.id, config),
  put: (space: MemorySpace, call: { message: MessageToPut }, config: EngineConfig) =>
    space.put(call.message, config),
  register: (space: MemorySpace, call: Place & { from: "now" | "oldest" }) =>
    space.register(call.channel, call.agent, call.from),
  claim: (
    space: MemorySpace,
    call: Place & { limit: number; reported: number; claimant: Claimant },
    config: EngineConfig,
  ) => space.claim(call.channel, call.agent, call.limit, call.reported, call.claimant, config),
  release: (space: MemorySpace, call: { agent: string; claimed: readonly Released[] }) =>
    space.release(call.agent, call.claimed),
  unsubscribe: (space: MemorySpace, call: Place & { isSubscribed: boolean }) =>
    space.unsubscribe(call.channel, call.agent, call.isSubscribed),
  acknowledge: (space: MemorySpace, call: At & { result?: string }) =>
    space.acknowledge(call.target, call.result),
  extend: (space: MemorySpace, call: At & { leaseMs?: number }, config: EngineConfig) =>
    space.extend(call.target, call.leaseMs, config),
  giveBack: (space: MemorySpace, call: At & { delayMs: number; failure: Failure }) =>
    space.giveBack(call.target, call.delayMs, call.failure),
  reject: (space: MemorySpace, call: At & { failure: Failure }) =>
    space.reject(call.target, call.failure),
  progress: (space: MemorySpace, call: At & { value: string }) =>
    space.progress(call.target, call.value),
  requeue: (space: MemorySpace, call: { id: string; agent?: string }) =>
    space.requeue(call.id, call.agent),
  delete: (space: MemorySpace, call: { id: string }) => space.delete(call.id),
  clear: (space: MemorySpace) => space.clear(),
  setPaused: (space: MemorySpace, call: { channel: string; isPaused: boolean }) =>
    space.setPaused(call.channel, call.isPaused),
  purge: (space: MemorySpace, call: { channel: string; states: readonly PurgedState[] }) =>
    space.purge(call.channel, call.states),
  putSchedule: (
    space: MemorySpace,
    call: { schedule: StoredSchedule; replacedMs?: number | null },
  ) => space.putSchedule(call.schedule, call.replacedMs),
  removeSchedule: (space: MemorySpace, call: { key: string }) => space.removeSchedule(call.key),
  fire: (
    space: MemorySpace,
    call: {
      key: string;
      dueMs: number;
      nextMs: number | null;
      message: NewMessage | null;
      id: string;
    },
    config: EngineConfig,
  ) => space.fire(call.key, call.dueMs, call.nextMs, call.message, call.id, config),
  /** Tells that a consumer waits. */
  show: (space: MemorySpace, call: { channel: string; consumer: string }) =>
    space.noteConsumer(call.channel, call.consumer),
  /** Ends the leases of a process that has ended. */
  endLeases: (space: MemorySpace, call: { holder: string }) => space.endLeasesOf(call.holder),
  /** What is due by the time of the record happens before each operation. */
  tick: () => {},
};

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** The arguments of an operation. */
export type CallOf<N extends OperationName> = Parameters<typeof OPERATIONS[N]> extends
  [unknown, infer Call, ...unknown[]] ? Call : Record<never, never>;

/** The result of an operation. */
export type ResultOf<N extends OperationName> = ReturnType<typeof OPERATIONS[N]>;
