/**
 * The Lua scripts of shared state, one for each call. A script runs as a whole or not at all, by the
 * clock of the server.
 *
 * All keys share one hash tag, so that one server of a cluster has them:
 *
 *     threads      sorted set: ids of all threads by time of expiry
 *     thread:ID    list: the slots of a thread
 *     pairs        sorted set: uuids of all pairs by time of expiry
 *     uuids        hash: the chain of each uuid
 *     chains       hash: the uuid of each chain
 *     op:ID        the reply to a write, while it may be repeated
 *
 * Every key also has an expiry of its own, after its last possible use, so that no key is left when all
 * clients have ended.
 *
 * @module
 */

import { defineScripts, type ScriptTable } from "../../redis/script.ts";

/** `KEYS[1]` is the key `threads`; `ARGV` begins with the prefix, the time to live and how long a write may be repeated. */
const COMMON = `
local call = redis.call
local P, TTL, DEDUP_MS = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local THREADS, PAIRS, UUIDS, CHAINS = KEYS[1], P .. 'pairs', P .. 'uuids', P .. 'chains'
local function threadKey(id) return P .. 'thread:' .. id end
local function keep(key) call('PEXPIRE', key, TTL + DEDUP_MS) end
`;

const THREAD = `
local function removeThread(id)
  call('UNLINK', threadKey(id))
  call('ZREM', THREADS, id)
end
local function useThread(id)
  call('ZADD', THREADS, now + TTL, id)
  keep(THREADS)
  keep(threadKey(id))
end
local function isThread(id)
  local expiry = call('ZSCORE', THREADS, id)
  -- The server may have evicted one of both keys.
  if not expiry then return call('EXISTS', threadKey(id)) == 1 end
  if tonumber(expiry) > now then return true end
  removeThread(id)
  return false
end
local function isLost(id) return call('EXISTS', threadKey(id)) == 0 end
local function sweepThreads()
  for _, id in ipairs(call('ZRANGEBYSCORE', THREADS, '-inf', now)) do removeThread(id) end
end
`;

const PAIR = `
local function removePair(uuid)
  local chain = call('HGET', UUIDS, uuid)
  if chain then call('HDEL', CHAINS, chain) end
  call('HDEL', UUIDS, uuid)
  call('ZREM', PAIRS, uuid)
end
local function usePair(uuid)
  call('ZADD', PAIRS, now + TTL, uuid)
  keep(PAIRS)
  keep(UUIDS)
  keep(CHAINS)
end
local function isPair(uuid)
  local expiry = uuid and call('ZSCORE', PAIRS, uuid)
  if not expiry then return false end
  if tonumber(expiry) > now then return true end
  removePair(uuid)
  return false
end
local function sweepPairs()
  for _, uuid in ipairs(call('ZRANGEBYSCORE', PAIRS, '-inf', now)) do removePair(uuid) end
end
`;

/** Returns the reply to a repeated operation. `ARGV[4]` is its id. */
const ONCE = `
local OPERATION = P .. 'op:' .. ARGV[4]
local saved = call('GET', OPERATION)
if saved then return tonumber(saved) end
local function saveReply(number)
  call('SET', OPERATION, number, 'PX', DEDUP_MS)
  return number
end
`;

/** The reply of `append` if the thread is full. */
export const THREAD_FULL = -1;
/** The reply of `append` if there are too many threads. */
export const THREADS_FULL = -2;
/** The reply about a thread whose slots are gone: its next index is unknown. */
export const THREAD_LOST = -3;

const TEXTS = {
  open: "return call('ZCARD', THREADS)",
  counts: `
return {
  call('ZCOUNT', THREADS, '(' .. string.format('%.0f', now), '+inf'),
  call('ZCOUNT', PAIRS, '(' .. string.format('%.0f', now), '+inf'),
}`,
  append: `${THREAD}${ONCE}
local id, slot, maxSlots, maxThreads = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
if isThread(id) then
  if isLost(id) then return ${THREAD_LOST} end
  if call('LLEN', threadKey(id)) >= maxSlots then return ${THREAD_FULL} end
else
  sweepThreads()
  if call('ZCARD', THREADS) >= maxThreads then return ${THREADS_FULL} end
end
local length = call('RPUSH', threadKey(id), slot)
useThread(id)
return saveReply(length - 1)`,
  slots: `${THREAD}
if not isThread(ARGV[4]) then return {} end
if isLost(ARGV[4]) then return ${THREAD_LOST} end
useThread(ARGV[4])
return call('LRANGE', threadKey(ARGV[4]), 0, -1)`,
  slot: `${THREAD}
if not isThread(ARGV[4]) then return false end
if isLost(ARGV[4]) then return ${THREAD_LOST} end
useThread(ARGV[4])
return call('LINDEX', threadKey(ARGV[4]), ARGV[5])`,
  length: `${THREAD}
if not isThread(ARGV[4]) then return 0 end
if isLost(ARGV[4]) then return ${THREAD_LOST} end
useThread(ARGV[4])
return call('LLEN', threadKey(ARGV[4]))`,
  deleteThread: `${THREAD}${ONCE}
if not isThread(ARGV[5]) then return 0 end
removeThread(ARGV[5])
return saveReply(1)`,
  threads: `${THREAD}
sweepThreads()
return call('ZRANGE', THREADS, 0, -1)`,
  clearThreads: `${THREAD}${ONCE}
for _, id in ipairs(call('ZRANGE', THREADS, 0, -1)) do call('UNLINK', threadKey(id)) end
call('DEL', THREADS)
return saveReply(0)`,
  setPair: `${PAIR}${ONCE}
local chain, uuid = ARGV[5], ARGV[6]
local other = call('HGET', CHAINS, chain)
if other then removePair(other) end
removePair(uuid)
call('HSET', UUIDS, uuid, chain)
call('HSET', CHAINS, chain, uuid)
usePair(uuid)
return saveReply(0)`,
  uuidOf: `${PAIR}
local uuid = call('HGET', CHAINS, ARGV[4])
if not isPair(uuid) then return false end
usePair(uuid)
return uuid`,
  chainOf: `${PAIR}
if not isPair(ARGV[4]) then return false end
usePair(ARGV[4])
return call('HGET', UUIDS, ARGV[4])`,
  deletePair: `${PAIR}${ONCE}
if not isPair(ARGV[5]) then return 0 end
removePair(ARGV[5])
return saveReply(1)`,
  pairs: `${PAIR}
sweepPairs()
local all = {}
for _, uuid in ipairs(call('ZRANGE', PAIRS, 0, -1)) do
  all[#all + 1] = uuid
  all[#all + 1] = call('HGET', UUIDS, uuid)
end
return all`,
  clearPairs: `${ONCE}
call('UNLINK', PAIRS, UUIDS, CHAINS)
return saveReply(0)`,
} as const;

/** All scripts by their names. */
export const stateScripts: ScriptTable<StateScript> = defineScripts(
  Object.fromEntries(
    Object.entries(TEXTS).map(([name, body]) => [name, flagsOf(name) + COMMON + body]),
  ),
);

/**
 * Without the flag `no-writes` a replica refuses a script, also one that reads what may be old. What stores
 * nothing runs when the memory is full.
 */
function flagsOf(script: string): string {
  return script === "append" || script === "setPair" ? "#!lua\n" : "#!lua flags=allow-oom\n";
}

/** The name of a script. */
export type StateScript = keyof typeof TEXTS;
