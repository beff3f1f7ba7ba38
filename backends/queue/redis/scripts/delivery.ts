/**
 * The scripts that lease messages to consumers, and settle them.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";
import { ACKNOWLEDGE_AND_CLAIM_PLAIN, ACKNOWLEDGE_PLAIN, CLAIM_PLAIN, FOLD } from "./plain.ts";

/**
 * A Lua function that leases messages, as the ten arguments from `at` on say. Returns `{ missed, dueMs, nowMs, 1 if
 * there is a backlog, messages... }`, where `dueMs` are the milliseconds until more messages may be ready, or -1. It is 0
 * if the script has dropped so many expired messages that it stopped before it found enough. There is a backlog if the
 * agent was not registered any more: the broadcasts since its last claim, at `since`, which `register` delivers.
 * `consumer` names the consumers of the process, if they are to be noted. The last two, which may be empty, are a limit
 * of messages in a time, and its milliseconds.
 */
const CLAIM = `
local function claimMessages(at)
local operation, isRetry, channel, agent, limit, reported, since, consumer, most, windowMs = unpack(ARGV, at, at + 9)
local MOST_DROPPED = 100
isRetry, limit, reported, most = isRetry == '1', tonumber(limit), tonumber(reported), tonumber(most)
local queue = queueName(agent, channel)
local hasMore = false
local missedKey, found, dropped = PREFIX .. 'missed:' .. queue, {}, 0
local leased, token = PREFIX .. 'leased:' .. queue, string.sub(operation, -12)

-- Registers the agent again after another program has removed it, or the server has lost it.
local hasBacklog = 0
if since ~= '' then
  local backlog = PREFIX .. 'backlog:' .. queue
  if call('SADD', PREFIX .. 'subs:' .. channel, agent) == 1 then
    call('SET', backlog, since .. ' ' .. integer(now) .. '-999', 'NX')
    hasBacklog = 1
  elseif isRetry then
    hasBacklog = call('EXISTS', backlog)
  end
end
if consumer ~= '' then
  local consumers = PREFIX .. 'consumers:' .. channel
  for name in string.gmatch(consumer, '%S+') do call('ZADD', consumers, integer(now), name) end
  call('ZREMRANGEBYSCORE', consumers, '-inf', integer(now - 60000))
end

local rateKey, waitMs = PREFIX .. 'rate:' .. channel, -1
-- How many messages the rate still allows in this window.
local function allowance()
  local left = most - tonumber(call('GET', rateKey) or '0')
  if left < limit then waitMs = call('PTTL', rateKey) end
  return math.max(0, left)
end
local function useAllowance(count)
  if call('INCRBY', rateKey, count) == count then
    call('PEXPIRE', rateKey, windowMs)
    if count == most then waitMs = tonumber(windowMs) end
  end
end

-- Leases members of the ready deliveries.
local firstMs
local function lease(ready, members, ids)
  local leases = {}
  for _, member in ipairs(members) do
    local message = readDelivery(agent, channel, member)
    if not message then
      dropped = dropped + 1
    else
      local id, settings = message[1], message[13] ~= '' and settingsOf(message[13])
      local endMs = now + (settings and settings.l or LEASE_MS)
      local attempts = attemptsOf(message[15]) + 1
      message[15], message[16], message[17] = attempts, token, integer(endMs)
      call('HSET', PREFIX .. 'msg:' .. id, 'n:' .. agent, attempts .. ' ' .. token)
      found[#found + 1] = message
      ids[#ids + 1] = id
      leases[#leases + 1] = message[17]
      leases[#leases + 1] = member
      if not firstMs or endMs < firstMs then firstMs = endMs end
      tell('delivered', channel, id, agent)
    end
  end
  call('ZREM', ready, unpack(members))
  if #leases > 0 then call('ZADD', leased, unpack(leases)) end
end

local saved = isRetry and call('GET', PREFIX .. 'op:' .. operation)
local numbers = call('MGET', missedKey, PREFIX .. 'paused:' .. channel)
local missed = tonumber(numbers[1] or '0')
if saved then
  for id in string.gmatch(saved, '[^%z]+') do
    local message = read(id, agent)
    local endMs = message and call('ZSCORE', leased, message[11] .. id)
    if endMs then
      message[15], message[16] = attemptsOf(message[15])
      message[17] = endMs
      if message[16] == token then found[#found + 1] = message end
    end
  end
else
  for _ = 1, 4 do
    if not passDue() then break end
  end
  local ids, ready = {}, PREFIX .. 'ready:' .. queue
  if numbers[2] then
    limit = 0
  elseif most then
    limit = math.min(limit, allowance())
  end
  while #found < limit and dropped < MOST_DROPPED do
    local wanted = math.min(limit - #found, 100)
    local members = call('ZRANGE', ready, 0, wanted)
    if #members == 0 then break end
    hasMore = #members > wanted
    members[wanted + 1] = nil
    lease(ready, members, ids)
  end
  if most and #ids > 0 then useAllowance(#ids) end
  if reported > 0 then
    missed = call('DECRBY', missedKey, reported)
    if missed <= 0 then
      missed = 0
      call('DEL', missedKey)
    end
  end
  if #ids > 0 or reported > 0 then saveReply(operation, table.concat(ids, '\\0') .. '\\0') end
end
local dueMs = waitMs
local dues = call('ZMSCORE', PREFIX .. 'due', queue, 'r' .. queue, 'd' .. channel, 'e' .. queue)
-- Mostly an earlier lease ends before, or has been acknowledged meanwhile.
if firstMs and not (dues[1] and tonumber(dues[1]) <= firstMs) then
  dues[1] = integer(firstMs)
  call('ZADD', PREFIX .. 'due', dues[1], queue)
end
for _, at in ipairs(dues) do
  local inMs = at and math.max(0, tonumber(at) - now)
  if inMs and (dueMs < 0 or inMs < dueMs) then dueMs = inMs end
end
if hasMore or (dropped >= MOST_DROPPED and #found < limit) then dueMs = 0 end
return { missed, dueMs, integer(now), hasBacklog, unpack(found) }
end
`;

/** Leases messages. */
export const claim: string = script(
  ALLOW_OOM,
  `${CLAIM}
claimed = claimed or claimMessages(at)
${FOLD}
return claimed
`,
  CLAIM_PLAIN,
);

/**
 * Releases leases. `ARGV` from 7 on has the member of each delivery and the token of its lease. That names the lease, so that
 * the number in the member need not be known.
 */
export const release: string = script(
  ALLOW_OOM,
  `
local channel, agent = ARGV[5], ARGV[6]
local queue = queueName(agent, channel)
local leased = PREFIX .. 'leased:' .. queue
for i = 7, #ARGV, 2 do
  local id = idOf(ARGV[i])
  local m = fieldsOf(id, { SEQ, PRIORITY, SETTINGS }, 'n:' .. agent)
  local attempts, token = attemptsOf(m[4])
  local member = m[1] and m[1] .. id
  if member and token == ARGV[i + 1] and call('ZREM', leased, member) == 1 then
    call('HSET', PREFIX .. 'msg:' .. id, 'n:' .. agent, attempts - 1)
    makeReady(queue, member, m[2], settingsOf(m[3]).k)
    tell('released', channel, id, agent)
  end
end
notify(channel, agent)
return 1
`,
);

/** A Lua function that acknowledges a message, and returns the outcome. */
const ACKNOWLEDGE = `
local function acknowledgeOne(id, agent, token, result)
  local m, outcome = find(id, agent, token, 'acknowledged')
  if not m then return outcome end
  if m.isDone then
    writeMarker()
    return 'acknowledged'
  end
  if not withdraw(m.agent, m.channel, m.member, m.settings.k) then
    if not exhume(m.agent, m.channel, m.member) then return 'absent' end
    call('ZREM', PREFIX .. 'lapsed:' .. m.channel, id)
  end
  if m.isBroadcast then
    call('HSET', PREFIX .. 'msg:' .. id, 'k:' .. m.agent, '1')
    settle(id, m.channel, m.seq, true)
  else
    call('HSET', PREFIX .. 'msg:' .. id, 'acked', integer(now))
    add('done:' .. m.channel, m.seq, id)
  end
  if m.settings.r then
    call('SET', PREFIX .. 'result:' .. id, 'r' .. result, 'PX', integer(m.settings.r))
  end
  tell('acknowledged', m.channel, id, m.agent)
  return 'acknowledged'
end
`;

/**
 * Acknowledges messages. `ARGV` from 5 on has the id, the agent, the token of the lease, and the result of each.
 * Returns the outcomes.
 */
export const acknowledge: string = script(
  ALLOW_OOM,
  `${ACKNOWLEDGE}
for i = from, last, 4 do
  replies[#replies + 1] = acknowledgeOne(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
end
flush()
${FOLD}
return replies
`,
  ACKNOWLEDGE_PLAIN,
);

/** Acknowledges a message as `acknowledge` does, and leases others as `claim` does. Returns both replies. */
export const acknowledgeAndClaim: string = script(
  ALLOW_OOM,
  `${ACKNOWLEDGE}${CLAIM}
local outcome = replies[1] or acknowledgeOne(ARGV[5], ARGV[6], ARGV[7], ARGV[8])
flush()
claimed = claimed or claimMessages(at)
${FOLD}
return { outcome, claimed }
`,
  ACKNOWLEDGE_AND_CLAIM_PLAIN,
);

/** Moves the end of a lease to `ARGV[8]` ms from now; empty: those of a new lease. Returns the outcome. */
export const extend: string = script(
  ALLOW_OOM,
  `
local id, token = ARGV[5], ARGV[7]
local m, outcome = find(id, ARGV[6], token, 'progress')
if not m then return outcome end
local queue = queueName(m.agent, m.channel)
local leased, endMs = PREFIX .. 'leased:' .. queue, now + (tonumber(ARGV[8]) or m.settings.l or LEASE_MS)
local currentMs = call('ZSCORE', leased, m.member)
if not currentMs then
  -- The lease has ended, and nobody has taken the message since.
  if token == '' or m.isDone then return lost(m, 'progress') end
  if call('ZREM', PREFIX .. 'ready:' .. queue, m.member) == 1 then
    -- It is leased again.
  elseif not call('ZSCORE', PREFIX .. 'dead:' .. m.agent, m.member) or
    (m.settings.k and call('EXISTS', lineOf(queue, m.settings.k)) == 1) then
    return lost(m, 'progress')
  else
    exhume(m.agent, m.channel, m.member)
    call('ZREM', PREFIX .. 'lapsed:' .. m.channel, id)
    if m.settings.k then enterLine(queue, m.settings.k, m.member) end
    if m.settings.r then call('DEL', PREFIX .. 'result:' .. id) end
  end
end
call('ZADD', leased, integer(endMs), m.member)
call('ZADD', PREFIX .. 'due', 'LT', integer(endMs), queue)
-- Who waits for the end of the lease learns that it is earlier.
if currentMs and endMs < tonumber(currentMs) then notify(m.channel, '\\0' .. m.agent) end
return 'done'
`,
);

/**
 * Gives a message back, to be delivered again after `ARGV[9]` ms, or rejects it if that is empty. `ARGV[10]` is
 * the reason, as JSON. Returns the outcome.
 */
export const giveBack: string = script(
  ALLOW_OOM,
  `
local operation, id, token, delayMs, failure = ARGV[5], ARGV[6], ARGV[8], tonumber(ARGV[9]), ARGV[10]
local saved = call('GET', PREFIX .. 'op:' .. operation)
if saved then
  writeMarker()
  return saved
end
local type = delayMs and 'released' or 'dead'
local m, outcome = find(id, ARGV[7], token, type)
if not m then return outcome end
local queue = queueName(m.agent, m.channel)
local waits = not m.isDone and isPending(m.agent, m.channel, m.member)
if token == '' and not (waits and (not delayMs or call('ZSCORE', PREFIX .. 'leased:' .. queue, m.member))) then
  return lost(m, type)
end
local isOver = not delayMs or m.attempts >= (m.settings.a or MAX_ATTEMPTS)
if not waits then
  -- It became a dead letter when the lease ended.
  if m.isDone or not isOver or not exhume(m.agent, m.channel, m.member) then return lost(m, type) end
end
-- The token is worth nothing any more.
call('HSET', PREFIX .. 'msg:' .. id, 'n:' .. m.agent, m.attempts)
if isOver then
  withdraw(m.agent, m.channel, m.member, m.settings.k)
  bury(m, failure, not waits)
else
  local waker = m.agent
  for _, name in ipairs({ 'leased:', 'ready:' }) do call('ZREM', PREFIX .. name .. queue, m.member) end
  if delayMs > 0 then
    waker = '\\0' .. m.agent
    call('ZADD', PREFIX .. 'later:' .. queue, integer(now + delayMs), m.member)
    call('ZADD', PREFIX .. 'due', 'LT', integer(now + delayMs), 'r' .. queue)
  else
    makeReady(queue, m.member, m.priority, m.settings.k)
  end
  tell('released', m.channel, id, m.agent, { failure = failure })
  notify(m.channel, waker)
end
saveReply(operation, 'done')
return 'done'
`,
);

/** Tells a value, JSON, to those who listen to events. Returns the outcome. */
export const progress: string = script(
  ALLOW_OOM,
  `
local m, outcome = find(ARGV[5], ARGV[6], ARGV[7], 'progress')
if not m then return outcome end
local leased = PREFIX .. 'leased:' .. queueName(m.agent, m.channel)
if m.isDone or (ARGV[7] == '' and not call('ZSCORE', leased, m.member)) then return lost(m, 'progress') end
tell('progress', m.channel, m.id, m.agent, { value = ARGV[8] })
return 'done'
`,
);

/** Makes a dead letter pending again. Returns the outcome, or nil if the call must be repeated. */
export const requeue: string = script(
  ALLOW_OOM,
  `
local operation, id = ARGV[5], ARGV[6]
if call('EXISTS', PREFIX .. 'op:' .. operation) == 1 then
  writeMarker()
  return 'acknowledged'
end
if removeDue() then return nil end
local m, outcome = find(id, ARGV[7], '')
if not m then return outcome end
if not exhume(m.agent, m.channel, m.member) then return 'absent' end
call('HDEL', PREFIX .. 'msg:' .. id, 'n:' .. m.agent, 'd:' .. m.agent)
call('ZREM', PREFIX .. 'lapsed:' .. m.channel, id)
if m.settings.r then call('DEL', PREFIX .. 'result:' .. id) end
deliver(m.agent, m.channel, m.member, m.priority, m.settings.k)
flush()
notify(m.channel, m.agent)
saveReply(operation, '1')
return 'acknowledged'
`,
);
