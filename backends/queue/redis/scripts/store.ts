/**
 * The script that stores messages.
 *
 * @module
 */

import { DENY_OOM, script } from "./fragments.ts";

/**
 * Stores messages. `ARGV[3]` is the limit of a channel, and `ARGV[4]` that of attempts. 13 arguments for each
 * message follow.
 */
export const store: string = script(
  DENY_OOM,
  `
local maxItems, maxAttempts = tonumber(ARGV[3]), tonumber(ARGV[4])
local last = tonumber(call('GET', KEYS[1]) or '0')
local microseconds = time[1] * 1000000 + time[2]
local streams, wakeups, dead = {}, {}, {}

-- The reply of an earlier call with the same operation, or nil.
local function earlierReply(id, operation, isPut)
  local done = call('GET', PREFIX .. 'gone:' .. operation)
  if done then return done end
  local was = fieldsOf(id, 'seq', 'created', 'expires', 'op')
  if not was[1] or (isPut and was[4] ~= operation) then return nil end
  return (was[2] or string.sub(was[1], 1, 13)) .. ' ' .. (was[3] or '-') .. ' ' .. was[1]
end

-- The attempts of the pending deliveries of a message, by agent. A message that is put again keeps them.
local function attemptsOf(id)
  local counts = {}
  local m = fieldsOf(id, 'seq', 'channel', 'target', 'acked')
  if not (m[1] and m[2]) or m[4] then return counts end
  for _, agent in ipairs(m[3] and { m[3] } or call('SMEMBERS', PREFIX .. 'subs:' .. m[2])) do
    if call('ZSCORE', PREFIX .. 'pending:' .. agent, m[1] .. id) then
      counts[agent] = call('HGET', PREFIX .. 'msg:' .. id, 'n:' .. agent)
    end
  end
  return counts
end

local function storeOne(operation, id, channel, source, target, payload, metadata, priority, ttl, put,
  created, expires, acked)
  local key, isPut, isAcked = PREFIX .. 'msg:' .. id, put == '1', acked == '1'
  local attempts = {}
  if call('EXISTS', PREFIX .. 'gone:' .. operation, key) > 0 then
    local done = earlierReply(id, operation, isPut)
    if done then
      writeMarker()
      return done
    end
    flush()
    attempts = attemptsOf(id)
    remove(id)
  end
  if isPut and isExpired(expires ~= '' and expires) then
    local done = created .. ' ' .. expires .. ' 0'
    call('SET', PREFIX .. 'gone:' .. operation, done, 'PX', DEDUP_MS)
    return done
  end
  last = math.max(microseconds, last + 1)
  local seq = integer(last)
  local fields = { 'channel', channel, 'source', source, 'payload', payload, 'seq', seq }
  local function set(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if isPut then
    set('op', operation)
    set('created', created)
    set('updated', integer(now))
  else
    created = string.sub(seq, 1, 13)
    expires = ttl ~= '' and integer(created + ttl) or ''
  end
  if target ~= '' then set('target', target) end
  if priority ~= '0' then set('priority', priority) end
  if metadata ~= '{}' then set('metadata', metadata) end
  if isAcked then set('acked', integer(now)) end
  if expires ~= '' then
    set('expires', expires)
    add('expiry', expires, id)
  end
  call('HSET', key, unpack(fields))
  local function deliverTo(agent)
    local count = attempts[agent]
    if count then call('HSET', key, 'n:' .. agent, count) end
    if not count or tonumber(count) < maxAttempts then
      deliver(agent, channel, seq .. id, priority)
    else
      call('ZADD', PREFIX .. 'dead:' .. agent, integer(now), seq .. id)
      dead[#dead + 1] = { id, channel, seq, target == '' }
    end
  end
  call('XADD', PREFIX .. 'stream:' .. channel, streamId(seq), 'id', id)
  add('source:' .. source, seq, id)
  add(isAcked and 'acked' or 'unacked', seq, id)
  if target == '' then
    add('broadcasts', seq, id)
    for _, agent in ipairs(call('SMEMBERS', PREFIX .. 'subs:' .. channel)) do
      deliverTo(agent)
    end
  else
    add('target:' .. target, seq, id)
    if isAcked then
      add('done:' .. channel, seq, id)
    else
      deliverTo(target)
    end
  end
  streams[channel] = true
  if not isAcked then wakeups[channel .. '\\0' .. target] = { channel, target } end
  return created .. ' ' .. (expires ~= '' and expires or '-') .. ' ' .. seq
end

-- Removes the oldest messages of a channel: first those that are done, then dead letters.
local function trim(channel)
  local stream = PREFIX .. 'stream:' .. channel
  local over = call('XLEN', stream) - maxItems
  if over <= 0 then return end
  expire(100)
  over = call('XLEN', stream) - maxItems
  if over <= 0 then return end
  over = math.min(over, 200)
  for _, index in ipairs({ 'done:', 'lapsed:' }) do
    if over > 0 then
      for _, id in ipairs(call('ZRANGE', PREFIX .. index .. channel, 0, over - 1)) do
        if not remove(id, true) then call('ZREM', PREFIX .. index .. channel, id) end
        over = over - 1
      end
    end
  end
  if over <= 0 then return end
  for _, entry in ipairs(call('XRANGE', stream, '-', '+', 'COUNT', over)) do
    if not remove(entry[2][2], true) then call('XDEL', stream, entry[1]) end
  end
end

local replies = {}
for i = 5, #ARGV, 13 do replies[#replies + 1] = storeOne(unpack(ARGV, i, i + 12)) end
flush()
for _, m in ipairs(dead) do settle(m[1], m[2], m[3], m[4], true) end
if next(streams) then call('SET', KEYS[1], integer(last)) end
for channel in pairs(streams) do trim(channel) end
for _, wakeup in pairs(wakeups) do notify(wakeup[1], wakeup[2]) end
return replies
`,
);
