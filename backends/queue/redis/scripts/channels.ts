/**
 * The scripts that concern whole channels.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Pauses a channel, or ends its pause. */
export const setPaused: string = script(
  ALLOW_OOM,
  `
local channel, isPaused = ARGV[5], ARGV[6] == '1'
if isPaused then
  call('SET', PREFIX .. 'paused:' .. channel, '1')
else
  call('DEL', PREFIX .. 'paused:' .. channel)
  notify(channel, '')
end
return 1
`,
);

/** Returns `{ the next cursor, which is empty at the end, channels... }`. */
export const channels: string = script(
  ALLOW_OOM,
  `
local names, found = call('ZRANGE', PREFIX .. 'channels', ARGV[5], '+', 'BYLEX', 'LIMIT', 0, 300), {}
for _, channel in ipairs(names) do
  if call('EXISTS', PREFIX .. 'stream:' .. channel, PREFIX .. 'counts:' .. channel, PREFIX .. 'subs:' .. channel) > 0 then
    found[#found + 1] = channel
  else
    call('ZREM', PREFIX .. 'channels', channel)
  end
end
return { #names < 300 and '' or '(' .. names[#names], unpack(found) }
`,
);

/**
 * Returns `{ "again" }`, or numbers of a channel: `{ the next cursor, the time, messages for later, consumers,
 * 1 if it is paused, the counts..., and { agent, waiting, leased, later, dead, oldest }... }` of some of its agents.
 */
export const stats: string = script(
  ALLOW_OOM,
  `
local channel, cursor = ARGV[5], ARGV[6]
if removeDue() then return { 'again' } end
local agents = PREFIX .. 'agents:' .. channel
local reply = call('ZSCAN', agents, cursor, 'COUNT', 100)
local found = {}

-- The oldest of the ready deliveries: the first one of each of the first priorities.
local function oldestOf(ready)
  local oldest, from = nil, '-inf'
  for _ = 1, 20 do
    local first = call('ZRANGE', ready, from, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    if not first[1] then break end
    local seq = string.sub(first[1], 1, 16)
    if not oldest or seq < oldest then oldest = seq end
    from = '(' .. first[2]
  end
  return oldest
end

-- How many deliveries wait for another one with their ordering key, and the oldest of the first ones.
local function blockedOf(queue)
  local keyed = PREFIX .. 'keyed:' .. queue
  local lines = tonumber(call('HGET', keyed, '') or '0')
  if lines == 0 then return 0 end
  local oldest
  local some = call('HSCAN', keyed, '0', 'COUNT', 200)[2]
  for i = 1, #some, 2 do
    local seq = string.sub(some[i], 1, 16)
    if seq ~= '' and (not oldest or seq < oldest) and not call('ZSCORE', PREFIX .. 'leased:' .. queue, some[i]) and
      not call('ZSCORE', PREFIX .. 'later:' .. queue, some[i]) then oldest = seq end
  end
  return call('HLEN', keyed) - 1 - lines, oldest
end

for i = 1, #reply[2], 2 do
  local agent = reply[2][i]
  local queue = queueName(agent, channel)
  local function size(name) return call('ZCARD', PREFIX .. name .. queue) end
  local waiting, leased, later, dead = size('ready:'), size('leased:'), size('later:'), size('died:')
  local blocked, oldestBlocked = blockedOf(queue)
  local oldest = oldestOf(PREFIX .. 'ready:' .. queue) or oldestBlocked
  if oldestBlocked and oldestBlocked < oldest then oldest = oldestBlocked end
  waiting = waiting + blocked
  found[#found + 1] = { agent, waiting, leased, later, dead, oldest and string.sub(oldest, 1, 13) or '' }
end
return {
  reply[1], integer(now), call('ZCARD', PREFIX .. 'delayed:' .. channel),
  call('ZCOUNT', PREFIX .. 'consumers:' .. channel, '(' .. integer(now - 10000), '+inf'),
  call('EXISTS', PREFIX .. 'paused:' .. channel), call('HGETALL', PREFIX .. 'counts:' .. channel), unpack(found),
}
`,
);

/**
 * Removes messages of a channel that nobody holds, from a cursor on. `ARGV[8]` has a letter for each state to
 * remove. Returns `{ the next cursor or "done", how many were removed }`.
 */
export const purge: string = script(
  ALLOW_OOM,
  `
local operation, channel, cursor, states = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local saved = call('GET', PREFIX .. 'op:' .. operation)
if saved then
  writeMarker()
  local to, count = string.match(saved, '^(%S+) (%d+)$')
  return { to, tonumber(count) }
end
if cursor == '' and removeDue() then return { '', 0 } end
local stream, steps, removed, to = PREFIX .. 'stream:' .. channel, 0, 0, 'done'

local function stateOf(id, entry)
  local m = fieldsOf(id, { TARGET, SEQ, DUE }, 'acked')
  if not m[2] or streamId(m[2]) ~= entry then
    dropEntry(id, channel, seqOf(entry), not m[2])
    return nil
  end
  local member = m[2] .. id
  if m[4] or (not m[1] and call('ZSCORE', PREFIX .. 'heard:' .. channel, id)) then return 'done' end
  if m[3] and call('ZSCORE', PREFIX .. 'delayed:' .. channel, member) then return 'delayed' end
  if call('ZSCORE', PREFIX .. 'lapsed:' .. channel, id) then return 'dead' end
  local isDelayed, isWaiting = false, false
  local agents = m[1] and { m[1] } or call('SMEMBERS', PREFIX .. 'subs:' .. channel)
  for _, agent in ipairs(agents) do
    local queue = queueName(agent, channel)
    if call('ZSCORE', PREFIX .. 'leased:' .. queue, member) then return 'leased' end
    if call('ZSCORE', PREFIX .. 'later:' .. queue, member) then
      isDelayed = true
    elseif call('ZSCORE', PREFIX .. 'ready:' .. queue, member) or
      call('HEXISTS', PREFIX .. 'keyed:' .. queue, member) == 1 then
      isWaiting = true
    end
    steps = steps + 1
  end
  -- A broadcast that one agent has given back may wait for another one.
  if isDelayed and not isWaiting then return 'delayed' end
  if m[1] and not isWaiting and call('ZSCORE', PREFIX .. 'dead:' .. m[1], member) then return 'dead' end
  return 'waiting'
end

local wanted = {}
for state in string.gmatch(states, '%l+') do wanted[state] = true end
for _, entry in ipairs(call('XRANGE', stream, cursor == '' and '-' or cursor, '+', 'COUNT', 200)) do
  local id = entry[2][2]
  local state = stateOf(id, entry[1])
  if state and wanted[state] and remove(id) then
    removed = removed + 1
    steps = steps + 3
  end
  steps = steps + 1
  to = '(' .. entry[1]
  if steps > 400 then break end
end
saveReply(operation, to .. ' ' .. removed)
return { to, removed }
`,
);

/**
 * Takes up to `ARGV[6]` from what the rate limit of a channel allows, or gives as many back if that is negative.
 * Returns `{ how many were taken, ms until there are more or -1 }`.
 */
export const rate: string = script(
  ALLOW_OOM,
  `
local key, count, most, windowMs = PREFIX .. 'rate:' .. ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
if count < 0 then
  if call('EXISTS', key) == 1 and call('INCRBY', key, count) <= 0 then call('DEL', key) end
  return { 0, -1 }
end
local used = tonumber(call('GET', key) or '0')
local taken = math.max(0, math.min(count, most - used))
if taken > 0 and call('INCRBY', key, taken) == taken then call('PEXPIRE', key, windowMs) end
return { taken, taken < count and call('PTTL', key) or -1 }
`,
);
