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
 *     msg:ID                        hash: payload if it is short, m the rest of the message packed by MessagePack, n:AGENT the
 *                                   attempts and the token of the lease, k:AGENT if acknowledged, acked when, d:AGENT
 *                                   why it is a dead letter
 *     stream:CHANNEL                stream: ids of the messages of the channel, by sequence number, and their payloads if
 *                                   the hash has none
 *     source:AGENT, target:AGENT    sorted sets: ids by sequence number, for each sender and target
 *     broadcasts                    sorted set: ids of broadcasts by sequence number
 *     expiry                        sorted set: ids by time of expiry
 *     subs:CHANNEL                  set: agents that subscribe to the channel
 *     pending:AGENT                 sorted set: channels of which the agent may have pending deliveries, which are ready,
 *                                   leased, given back, or wait in a line
 *     ready:LENGTH:AGENT:CHANNEL    sorted set: pending deliveries without a lease, by priority
 *     leased:LENGTH:AGENT:CHANNEL   sorted set: leased deliveries by the end of the lease
 *     later:LENGTH:AGENT:CHANNEL    sorted set: deliveries that were given back, by the time of their next attempt
 *     delayed, delayed:CHANNEL      sorted sets: messages that were published for later, by their time
 *     due                           sorted set: what is due next, by its time: LENGTH:AGENT:CHANNEL for leases,
 *                                   with an r before it for later deliveries, and dCHANNEL for delayed ones
 *     keyed:LENGTH:AGENT:CHANNEL    hash: the ordering keys of pending deliveries
 *     line:LENGTH:QUEUE:KEY         sorted set: the pending deliveries with one ordering key
 *     dead:AGENT                    sorted set: dead letters by their time of death
 *     died:LENGTH:AGENT:CHANNEL     sorted set: dead letters of one channel
 *     unique:LENGTH:CHANNEL:ID      the message that was published with a deduplication id, in the partition of the
 *                                   channel: the reply of its publish and its id, or `? ID` while it is stored
 *     result:ID                     what a worker has made of a message
 *     channels                      sorted set: the channels
 *     counts:CHANNEL                hash: how often each thing has happened
 *     agents:CHANNEL                sorted set: agents that had deliveries, by when that was noted
 *     consumers:CHANNEL             sorted set: subscriptions and workers by their last claim
 *     paused:CHANNEL                exists during a pause
 *     rate:CHANNEL                  messages that were taken in this window of the rate limit
 *     schedules, schedule:KEY       sorted set: schedules by their next time; hash: a schedule
 *     version                       the number of this layout, in the first partition
 *     indexed                       whether there are indexes by source and target: 1, or 2 if they are complete
 *     done:CHANNEL                  sorted set: ids of messages that are acknowledged, by number
 *     heard:CHANNEL                 sorted set: ids of broadcasts that all agents acknowledged, by number
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
import { channels, purge, rate, setPaused, stats } from "./channels.ts";
import {
  acknowledge,
  acknowledgeAndClaim,
  claim,
  extend,
  giveBack,
  progress,
  release,
  requeue,
} from "./delivery.ts";
import { count, list } from "./listing.ts";
import { deadLetters, delayed, get, pending, result } from "./reading.ts";
import { clear, remove, scrub, sweep } from "./removal.ts";
import { agree, index, migrate, setLayout } from "./setup.ts";
import { fire, putSchedule, remember, removeSchedule, reserve, schedules, store } from "./store.ts";
import { register, unsubscribe } from "./subscriptions.ts";

/** All scripts by their names. */
export const scripts = defineScripts({
  store,
  reserve,
  remember,
  register,
  unsubscribe,
  claim,
  release,
  acknowledge,
  acknowledgeAndClaim,
  extend,
  giveBack,
  progress,
  requeue,
  pending,
  deadLetters,
  delayed,
  get,
  result,
  remove,
  list,
  count,
  clear,
  scrub,
  sweep,
  agree,
  index,
  migrate,
  setLayout,
  setPaused,
  channels,
  stats,
  purge,
  rate,
  fire,
  putSchedule,
  removeSchedule,
  schedules,
});

/** The name of a script. */
export type ScriptName = keyof typeof scripts;
