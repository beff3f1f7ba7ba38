/**
 * What the server does, a Lua script for each mutation: whole or not at all, by the server's own clock,
 * and once for each operation, however often it is sent.
 *
 * Every key of a partition begins with the same prefix, in a cluster the same hash tag. `KEYS[1]` is
 * `prefix:seq`; the other keys are made from it, since which of them a message touches stands in
 * the message.
 *
 *     seq                           the last place in the order of storing, microseconds as far as that goes
 *     msg:ID                        hash: the message; n:AGENT attempts and k:AGENT acknowledged
 *     stream:CHANNEL                stream: the ids of the channel's messages, by their place
 *     acked, unacked                sorted sets: ids by their place; each message is in one of them
 *     source:AGENT, target:AGENT    the same, for each sender and each target
 *     broadcasts                    the same, without a target
 *     expiry                        sorted set: ids by when they expire
 *     subs:CHANNEL                  set: agents that subscribed to the channel
 *     pending:AGENT                 sorted set: what the agent has not acknowledged, by priority and place
 *     ready:LENGTH:AGENT:CHANNEL    the same, of one channel and without what is leased
 *     leased:LENGTH:AGENT:CHANNEL   sorted set: what is leased, by the end of the lease
 *     due                           sorted set: LENGTH:AGENT:CHANNEL by when a lease ends there
 *     dead:AGENT                    sorted set: what failed too often, by when it did
 *     missed:LENGTH:AGENT:CHANNEL   number of messages trimmed before they were acknowledged
 *     gone:OPERATION, op:OPERATION  what an operation has done, for as long as it may be sent again
 *
 * Members of what waits are the place, 16 digits, and the id: within one priority the older comes first.
 *
 * @module
 */

import { defineScripts } from "../../../redis/script.ts";
import { acknowledge, claim, release, requeue } from "./delivery.ts";
import { count, list } from "./listing.ts";
import { deadLetters, get, pending } from "./reading.ts";
import { clear, remove, sweep } from "./removal.ts";
import { agree } from "./setup.ts";
import { store } from "./store.ts";
import { register, unsubscribe } from "./subscriptions.ts";

/** All scripts by their names. */
export const scripts = defineScripts({
  store,
  register,
  unsubscribe,
  claim,
  release,
  acknowledge,
  requeue,
  pending,
  deadLetters,
  get,
  remove,
  list,
  count,
  clear,
  sweep,
  agree,
});

/** The name of a script. */
export type ScriptName = keyof typeof scripts;
