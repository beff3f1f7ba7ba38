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
import type { Attendance, Place } from "./attendance.ts";

/** What a release needs of a delivery. */
type Released = Pick<QueueDelivery, "id" | "leaseToken">;
type At = { readonly target: DeliveryTarget };

/** What the operations work on. */
export interface State {
  readonly space: MemorySpace;
  readonly attendance: Attendance;
}

/** The operations by name. Arguments that are undefined are absent from the record. */
export const OPERATIONS = {
  publish: ({ space }: State, call: { message: NewMessage; id: string }, config: EngineConfig) =>
    space.publish(call.message, call.id, config),
  put: ({ space }: State, call: { message: MessageToPut }, config: EngineConfig) =>
    space.put(call.message, config),
  /** A queue has begun a subscription. */
  register: (
    { space, attendance }: State,
    call: Place & { from: "now" | "oldest"; member: string },
  ) => {
    space.register(call.channel, call.agent, call.from);
    attendance.add(call, call.member);
  },
  /** A queue has a subscription: a part of a snapshot. */
  attend: ({ attendance }: State, call: Place & { member: string }) =>
    attendance.add(call, call.member),
  /** A queue has ended its subscriptions, or its process has ended. */
  leave: ({ attendance }: State, call: Place & { member: string }) =>
    attendance.remove(call, call.member),
  claim: (
    { space }: State,
    call: Place & { limit: number; reported: number; claimant: Claimant },
    config: EngineConfig,
  ) => space.claim(call.channel, call.agent, call.limit, call.reported, call.claimant, config),
  release: ({ space }: State, call: { agent: string; claimed: readonly Released[] }) =>
    space.release(call.agent, call.claimed),
  unsubscribe: ({ space, attendance }: State, call: Place) =>
    space.unsubscribe(call.channel, call.agent, attendance.members(call).size > 0),
  acknowledge: ({ space }: State, call: At & { result?: string }) =>
    space.acknowledge(call.target, call.result),
  extend: ({ space }: State, call: At & { leaseMs?: number }, config: EngineConfig) =>
    space.extend(call.target, call.leaseMs, config),
  giveBack: ({ space }: State, call: At & { delayMs: number; failure: Failure }) =>
    space.giveBack(call.target, call.delayMs, call.failure),
  reject: ({ space }: State, call: At & { failure: Failure }) =>
    space.reject(call.target, call.failure),
  progress: ({ space }: State, call: At & { value: string }) =>
    space.progress(call.target, call.value),
  requeue: ({ space }: State, call: { id: string; agent?: string }) =>
    space.requeue(call.id, call.agent),
  delete: ({ space }: State, call: { id: string }) => space.delete(call.id),
  clear: ({ space }: State) => space.clear(),
  setPaused: ({ space }: State, call: { channel: string; isPaused: boolean }) =>
    space.setPaused(call.channel, call.isPaused),
  purge: ({ space }: State, call: { channel: string; states: readonly PurgedState[] }) =>
    space.purge(call.channel, call.states),
  putSchedule: (
    { space }: State,
    call: { schedule: StoredSchedule; replacedMs?: number | null },
  ) => space.putSchedule(call.schedule, call.replacedMs),
  removeSchedule: ({ space }: State, call: { key: string }) => space.removeSchedule(call.key),
  fire: (
    { space }: State,
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
  show: ({ space }: State, call: { channel: string; consumer: string }) =>
    space.noteConsumer(call.channel, call.consumer),
  /** Ends the leases of a process that has ended. */
  endLeases: ({ space }: State, call: { holder: string }) => space.endLeasesOf(call.holder),
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
