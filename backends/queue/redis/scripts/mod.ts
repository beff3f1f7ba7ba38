/**
 * The Lua scripts of a queue. A script runs as a whole or not at all, by the clock of the server. A script
 * that writes recognizes a repeated call by its operation, a UUID, and returns the reply of the first
 * one.
 *
 * All keys of a partition begin with the same prefix, which is a hash tag in a cluster. `KEYS[1]` is
 * `prefix:seq`. A script makes the other keys from the prefix, because the content of a message decides
 * which keys it touches.
 *
 *     seq                           the last sequence number: microseconds, or the last one plus 1
 *     msg:ID                        hash: the message, n:AGENT the attempts, k:AGENT if acknowledged
 *     stream:CHANNEL                stream: ids of the messages of the channel, by sequence number
 *     acked, unacked                sorted sets: ids by sequence number, each message in one of them
 *     source:AGENT, target:AGENT    sorted sets: ids by sequence number, for each sender and target
 *     broadcasts                    sorted set: ids of broadcasts by sequence number
 *     expiry                        sorted set: ids by time of expiry
 *     subs:CHANNEL                  set: agents that subscribe to the channel
 *     pending:AGENT                 sorted set: deliveries that the agent has not acknowledged, by priority
 *     ready:LENGTH:AGENT:CHANNEL    sorted set: pending deliveries without a lease, by priority
 *     leased:LENGTH:AGENT:CHANNEL   sorted set: leased deliveries by the end of the lease
 *     due                           sorted set: LENGTH:AGENT:CHANNEL by the end of the first lease
 *     dead:AGENT                    sorted set: dead letters by their time of death
 *     done:CHANNEL                  sorted set: ids of messages that all agents acknowledged, by number
 *     lapsed:CHANNEL                sorted set: ids of messages of which only dead letters are left
 *     missed:LENGTH:AGENT:CHANNEL   number of messages trimmed before they were acknowledged
 *     gone:OPERATION, op:OPERATION  the reply of an operation, while it may be repeated
 *     backlog:LENGTH:AGENT:CHANNEL  the range of older broadcasts that a new subscriber still gets
 *     unnotified                    notifications that the server has refused, until a client reports them
 *     lost                          messages that were found without their hash, until a client reports them
 *
 * A delivery is a member of these sets: the 16 digits of the sequence number, and the id. Within one
 * priority the older message comes first.
 *
 * @module
 */

import { defineScripts } from "../../../redis/script.ts";
import { acknowledge, claim, release, requeue } from "./delivery.ts";
import { count, list } from "./listing.ts";
import { deadLetters, get, pending } from "./reading.ts";
import { clear, remove, scrub, sweep } from "./removal.ts";
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
  scrub,
  sweep,
  agree,
});

/** The name of a script. */
export type ScriptName = keyof typeof scripts;
