/**
 * The scripts that lease messages to consumers, and settle them.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Answers `{ missed, milliseconds to the next end of a lease or -1, messages... }`. */
export const claim: string = script(
  ALLOW_OOM,
  `
local operation, isRetry, channel, agent = ARGV[3], ARGV[4] == '1', ARGV[5], ARGV[6]
local limit, leaseMs, maxAttempts = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local reported, where = tonumber(ARGV[10]), place(agent, channel)
local missedKey, found = P .. 'missed:' .. where, {}

local leased = P .. 'leased:' .. where

local memo = isRetry and call('GET', P .. 'op:' .. operation)
if memo then
  for id in string.gmatch(memo, '[^%z]+') do
    local message = read(id, agent)
    local lease = message and call('ZSCORE', leased, message[11] .. id)
    if lease then
      message[14] = lease
      found[#found + 1] = message
    end
  end
else
  lapse(maxAttempts)
  local ids, ready, untilMs = {}, P .. 'ready:' .. where, whole(now + leaseMs)
  while #found < limit do
    local members = call('ZRANGE', ready, 0, math.min(limit - #found, 100) - 1)
    if #members == 0 then break end
    local taken = {}
    for _, member in ipairs(members) do
      local id = idOf(member)
      local message = read(id, agent)
      if message then
        message[13] = call('HINCRBY', P .. 'msg:' .. id, 'n:' .. agent, 1)
        message[14] = untilMs
        found[#found + 1] = message
        ids[#ids + 1] = id
        taken[#taken + 1] = untilMs
        taken[#taken + 1] = member
      end
    end
    call('ZREM', ready, unpack(members))
    if #taken > 0 then call('ZADD', leased, unpack(taken)) end
  end
  if reported > 0 then
    if call('DECRBY', missedKey, reported) <= 0 then call('DEL', missedKey) end
  end
  if #ids > 0 then call('ZADD', P .. 'due', 'LT', untilMs, where) end
  if #ids > 0 or reported > 0 then remember(operation, table.concat(ids, '\\0') .. '\\0') end
end
local due = call('ZSCORE', P .. 'due', where)
due = due and math.max(0, tonumber(due) - now) or -1
return { tonumber(call('GET', missedKey) or '0'), due, unpack(found) }
`,
);

/** `ARGV` from 5: for each message its place and id, and when its lease was to end. */
export const release: string = script(
  ALLOW_OOM,
  `
local channel, agent = ARGV[3], ARGV[4]
local where = place(agent, channel)
local leased = P .. 'leased:' .. where
for i = 5, #ARGV, 2 do
  local member = ARGV[i]
  if call('ZSCORE', leased, member) == ARGV[i + 1] then
    local key = P .. 'msg:' .. idOf(member)
    call('ZREM', leased, member)
    call('HINCRBY', key, 'n:' .. agent, -1)
    call('ZADD', P .. 'ready:' .. where, -tonumber(call('HGET', key, 'priority') or 0), member)
  end
end
notify(channel, agent)
return 1
`,
);

/** Messages of one call: `ARGV` from 3 is the id of each, and the agent. */
export const acknowledge: string = script(
  ALLOW_OOM,
  `
local done = {}
local function acknowledgeOne(id, agent)
  local m, instead = find(id, agent)
  if not m then return instead end
  if m.isDone then
    touch()
    return 'acknowledged'
  end
  if not withdraw(m.agent, m.channel, m.member) and
    call('ZREM', P .. 'dead:' .. m.agent, m.member) == 0 then return 'absent' end
  if m.isBroadcast then
    call('HSET', P .. 'msg:' .. id, 'k:' .. m.agent, '1')
  else
    call('HSET', P .. 'msg:' .. id, 'acked', whole(now))
    done[#done + 1] = id
    add('acked', m.seq, id)
  end
  return 'acknowledged'
end

local replies = {}
for i = 3, #ARGV, 2 do replies[#replies + 1] = acknowledgeOne(ARGV[i], ARGV[i + 1]) end
if #done > 0 then call('ZREM', P .. 'unacked', unpack(done)) end
flush()
return replies
`,
);

export const requeue: string = script(
  ALLOW_OOM,
  `
local operation, id, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[6])
if call('EXISTS', P .. 'op:' .. operation) == 1 then
  touch()
  return 'acknowledged'
end
while lapse(maxAttempts) do end
local m, instead = find(id, ARGV[5])
if not m then return instead end
if call('ZREM', P .. 'dead:' .. m.agent, m.member) == 0 then return 'absent' end
call('HDEL', P .. 'msg:' .. id, 'n:' .. m.agent)
deliver(m.agent, m.channel, m.member, m.priority)
flush()
notify(m.channel, m.agent)
remember(operation, '1')
return 'acknowledged'
`,
);
