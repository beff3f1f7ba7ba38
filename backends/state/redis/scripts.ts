/**
 * What the server does for shared state, a Lua script for each call: whole or not at all, and by the
 * server's own clock.
 *
 * All keys share one hash tag, so that a cluster keeps them together:
 *
 *     threads      sorted set: ids of threads by when they expire; says alone which there are
 *     thread:ID    list: the slots of a thread
 *     pairs        sorted set: uuids by when they expire; says alone which there are
 *     uuids        hash: the chain of each uuid
 *     chains       hash: the uuid of each chain
 *     op:ID        what a write answered, for as long as it may be sent again
 *
 * Every key also expires by itself some time after it could be needed, so that nothing is left when all
 * clients are gone.
 *
 * @module
 */

import { defineScripts, type ScriptTable } from "../../redis/script.ts";

/** `KEYS[1]` is the key `threads`; `ARGV` begins with the prefix, the time to live and the horizon. */
const COMMON = `
local call = redis.call
local P, TTL, HORIZON = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local THREADS, PAIRS, UUIDS, CHAINS = KEYS[1], P .. 'pairs', P .. 'uuids', P .. 'chains'
local function threadKey(id) return P .. 'thread:' .. id end
local function keep(key) call('PEXPIRE', key, TTL + HORIZON) end
`;

const THREAD = `
local function forgetThread(id)
  call('DEL', threadKey(id))
  call('ZREM', THREADS, id)
end
local function useThread(id)
  call('ZADD', THREADS, now + TTL, id)
  keep(THREADS)
  keep(threadKey(id))
end
local function isThread(id)
  local expiry = call('ZSCORE', THREADS, id)
  if not expiry then return false end
  if tonumber(expiry) > now then return true end
  forgetThread(id)
  return false
end
local function sweepThreads()
  for _, id in ipairs(call('ZRANGEBYSCORE', THREADS, '-inf', now)) do forgetThread(id) end
end
`;

const PAIR = `
local function forgetPair(uuid)
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
  forgetPair(uuid)
  return false
end
local function sweepPairs()
  for _, uuid in ipairs(call('ZRANGEBYSCORE', PAIRS, '-inf', now)) do forgetPair(uuid) end
end
`;

/** Answers what an operation answered before; `ARGV[4]` names it. */
const ONCE = `
local OPERATION = P .. 'op:' .. ARGV[4]
local before = call('GET', OPERATION)
if before then return tonumber(before) end
local function answer(number)
  call('SET', OPERATION, number, 'PX', HORIZON)
  return number
end
`;

/** `append` answers it when the thread is full. */
export const THREAD_FULL = -1;
/** `append` answers it when there are too many threads. */
export const THREADS_FULL = -2;

const TEXTS = {
  open: "return call('ZCARD', THREADS)",
  append: `${THREAD}${ONCE}
local id, slot, maxSlots, maxThreads = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
if isThread(id) then
  if call('LLEN', threadKey(id)) >= maxSlots then return ${THREAD_FULL} end
else
  sweepThreads()
  if call('ZCARD', THREADS) >= maxThreads then return ${THREADS_FULL} end
end
local length = call('RPUSH', threadKey(id), slot)
useThread(id)
return answer(length - 1)`,
  slots: `${THREAD}
if not isThread(ARGV[4]) then return {} end
useThread(ARGV[4])
return call('LRANGE', threadKey(ARGV[4]), 0, -1)`,
  slot: `${THREAD}
if not isThread(ARGV[4]) then return false end
useThread(ARGV[4])
return call('LINDEX', threadKey(ARGV[4]), ARGV[5])`,
  length: `${THREAD}
if not isThread(ARGV[4]) then return 0 end
useThread(ARGV[4])
return call('LLEN', threadKey(ARGV[4]))`,
  deleteThread: `${THREAD}${ONCE}
if not isThread(ARGV[5]) then return 0 end
forgetThread(ARGV[5])
return answer(1)`,
  threads: `${THREAD}
sweepThreads()
return call('ZRANGE', THREADS, 0, -1)`,
  clearThreads: `${THREAD}
for _, id in ipairs(call('ZRANGE', THREADS, 0, -1)) do forgetThread(id) end
return 0`,
  setPair: `${PAIR}
local chain, uuid = ARGV[4], ARGV[5]
local other = call('HGET', CHAINS, chain)
if other then forgetPair(other) end
forgetPair(uuid)
call('HSET', UUIDS, uuid, chain)
call('HSET', CHAINS, chain, uuid)
usePair(uuid)
return 0`,
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
forgetPair(ARGV[5])
return answer(1)`,
  pairs: `${PAIR}
sweepPairs()
local all = {}
for _, uuid in ipairs(call('ZRANGE', PAIRS, 0, -1)) do
  all[#all + 1] = uuid
  all[#all + 1] = call('HGET', UUIDS, uuid)
end
return all`,
  clearPairs: `call('DEL', PAIRS, UUIDS, CHAINS)
return 0`,
} as const;

/** All scripts by their names. */
export const stateScripts: ScriptTable<StateScript> = defineScripts(
  Object.fromEntries(Object.entries(TEXTS).map(([name, body]) => [name, COMMON + body])),
);

/** The name of a script. */
export type StateScript = keyof typeof TEXTS;
