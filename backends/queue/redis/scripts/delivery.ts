/**
 * The scripts that lease messages to consumers, and settle them.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/**
 * Leases messages. Returns `{ missed, dueMs, nowMs, 1 if there is a backlog, messages... }`, where `dueMs`
 * are the milliseconds to the next end of a lease, or -1. It is 0 if the script has dropped so many expired messages that it stopped
 * before it found enough. There is a backlog if the agent was not registered any more: the broadcasts since
 * its last claim, at `ARGV[11]`, which `register` delivers.
 */
export const claim: string = script(
  ALLOW_OOM,
  `
local operation, isRetry, channel, agent = ARGV[3], ARGV[4] == '1', ARGV[5], ARGV[6]
local MOST_DROPPED = 100
local limit, leaseMs, maxAttempts = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local reported, queue = tonumber(ARGV[10]), queueName(agent, channel)
local missedKey, found, dropped = PREFIX .. 'missed:' .. queue, {}, 0

local leased = PREFIX .. 'leased:' .. queue

-- Registers the agent again after another program has removed it, or the server has lost it.
local since, hasBacklog = ARGV[11], 0
if since ~= '' then
  local backlog = PREFIX .. 'backlog:' .. queue
  if call('SADD', PREFIX .. 'subs:' .. channel, agent) == 1 then
    call('SET', backlog, since .. ' ' .. integer(now) .. '-999', 'NX')
    hasBacklog = 1
  elseif isRetry then
    hasBacklog = call('EXISTS', backlog)
  end
end

local saved = isRetry and call('GET', PREFIX .. 'op:' .. operation)
if saved then
  for id in string.gmatch(saved, '[^%z]+') do
    local message = read(id, agent)
    local lease = message and call('ZSCORE', leased, message[11] .. id)
    if lease then
      message[14] = lease
      found[#found + 1] = message
    end
  end
else
  expireLeases(maxAttempts)
  local ids, ready, untilMs = {}, PREFIX .. 'ready:' .. queue, integer(now + leaseMs)
  while #found < limit and dropped < MOST_DROPPED do
    local members = call('ZRANGE', ready, 0, math.min(limit - #found, 100) - 1)
    if #members == 0 then break end
    local leases = {}
    for _, member in ipairs(members) do
      local message = readDelivery(agent, channel, member)
      if not message then
        dropped = dropped + 1
      else
        local id = message[1]
        message[13] = call('HINCRBY', PREFIX .. 'msg:' .. id, 'n:' .. agent, 1)
        message[14] = untilMs
        found[#found + 1] = message
        ids[#ids + 1] = id
        leases[#leases + 1] = untilMs
        leases[#leases + 1] = member
      end
    end
    call('ZREM', ready, unpack(members))
    if #leases > 0 then call('ZADD', leased, unpack(leases)) end
  end
  if reported > 0 then
    if call('DECRBY', missedKey, reported) <= 0 then call('DEL', missedKey) end
  end
  if #ids > 0 then call('ZADD', PREFIX .. 'due', 'LT', untilMs, queue) end
  if #ids > 0 or reported > 0 then saveReply(operation, table.concat(ids, '\\0') .. '\\0') end
end
local due = call('ZSCORE', PREFIX .. 'due', queue)
due = due and math.max(0, tonumber(due) - now) or -1
if dropped >= MOST_DROPPED and #found < limit then due = 0 end
return { tonumber(call('GET', missedKey) or '0'), due, integer(now), hasBacklog, unpack(found) }
`,
);

/** Releases leases. `ARGV` from 5 on has the member of each delivery and the end of its lease. */
export const release: string = script(
  ALLOW_OOM,
  `
local channel, agent = ARGV[3], ARGV[4]
local queue = queueName(agent, channel)
local leased = PREFIX .. 'leased:' .. queue
for i = 5, #ARGV, 2 do
  local member = ARGV[i]
  if call('ZSCORE', leased, member) == ARGV[i + 1] then
    local message = readDelivery(agent, channel, member)
    if message then
      call('ZREM', leased, member)
      call('HINCRBY', PREFIX .. 'msg:' .. message[1], 'n:' .. agent, -1)
      call('ZADD', PREFIX .. 'ready:' .. queue, -tonumber(message[7]), member)
    end
  end
end
notify(channel, agent)
return 1
`,
);

/** Acknowledges messages. `ARGV` from 3 on has the id and the agent of each. Returns the outcomes. */
export const acknowledge: string = script(
  ALLOW_OOM,
  `
local done = {}
local function acknowledgeOne(id, agent)
  local m, outcome = find(id, agent)
  if not m then return outcome end
  if m.isDone then
    writeMarker()
    return 'acknowledged'
  end
  if not withdraw(m.agent, m.channel, m.member) then
    if call('ZREM', PREFIX .. 'dead:' .. m.agent, m.member) == 0 then return 'absent' end
    call('ZREM', PREFIX .. 'lapsed:' .. m.channel, id)
  end
  if m.isBroadcast then
    call('HSET', PREFIX .. 'msg:' .. id, 'k:' .. m.agent, '1')
    settle(id, m.channel, m.seq, true)
  else
    call('HSET', PREFIX .. 'msg:' .. id, 'acked', integer(now))
    done[#done + 1] = id
    add('acked', m.seq, id)
    add('done:' .. m.channel, m.seq, id)
  end
  return 'acknowledged'
end

local replies = {}
for i = 3, #ARGV, 2 do replies[#replies + 1] = acknowledgeOne(ARGV[i], ARGV[i + 1]) end
if #done > 0 then call('ZREM', PREFIX .. 'unacked', unpack(done)) end
flush()
return replies
`,
);

/** Makes a dead letter pending again. Returns the outcome, or nil if the call must be repeated. */
export const requeue: string = script(
  ALLOW_OOM,
  `
local operation, id, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[6])
if call('EXISTS', PREFIX .. 'op:' .. operation) == 1 then
  writeMarker()
  return 'acknowledged'
end
if removeDue(maxAttempts) then return nil end
local m, outcome = find(id, ARGV[5])
if not m then return outcome end
if call('ZREM', PREFIX .. 'dead:' .. m.agent, m.member) == 0 then return 'absent' end
call('HDEL', PREFIX .. 'msg:' .. id, 'n:' .. m.agent, 'died')
call('ZREM', PREFIX .. 'lapsed:' .. m.channel, id)
deliver(m.agent, m.channel, m.member, m.priority)
flush()
notify(m.channel, m.agent)
saveReply(operation, '1')
return 'acknowledged'
`,
);
