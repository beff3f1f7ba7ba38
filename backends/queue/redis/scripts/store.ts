/**
 * The scripts that store messages.
 *
 * @module
 */

import { ALLOW_OOM, DENY_OOM, RETURN_SAVED_NUMBER, script } from "./fragments.ts";
import { FOLD, HANDED_OVER, MOST_IN_HASH, STORE_PLAIN } from "./plain.ts";

/**
 * Arguments of one message: id, channel, source, target, payload, metadata, priority, its time to live, and an array as JSON, which
 * is empty for a plain message, or an equals sign if it may be handed over. The array has the operation, 1 for a message that is put, when that was created, when it expires,
 * 1 if it is acknowledged, the settings, when it is due, the deduplication id, and for how long that counts.
 */
const ARGUMENTS = 9;

/**
 * Lua functions that store messages. `ARGV[5]` is the limit of a channel, and `ARGV[6]` is 1 if nothing may be
 * removed to keep to it except messages that are done, and dead letters.
 */
const STORE = `
local maxItems, isStrict = tonumber(ARGV[5]), ARGV[6] == '1'
local state = call('MGET', KEYS[1], PREFIX .. 'indexed')
local last, hasIndexes = tonumber(state[1] or '0'), state[2]
local microseconds = time[1] * 1000000 + time[2]
local streams, wakeups, dead, isForced = {}, {}, {}, false

-- The reply of an earlier call with the same operation, or nil.
local function earlierReply(id, operation, isPut)
  local done = call('GET', PREFIX .. 'gone:' .. operation)
  if done then return done end
  local was = fieldsOf(id, { SEQ, CREATED, EXPIRES, OPERATION, DUE })
  if not was[1] or (isPut and was[4] ~= operation) then return nil end
  return (was[2] or string.sub(was[1], 1, 13)) .. ' ' .. (was[3] or '-') .. ' ' .. was[1] .. ' ' .. (was[5] or '-')
end

-- The attempts of the pending deliveries of a message, by agent. A message that is put again keeps them.
local function attemptsBefore(id)
  local counts = {}
  local m = fieldsOf(id, { SEQ, CHANNEL, TARGET }, 'acked')
  if not (m[1] and m[2]) or m[4] then return counts end
  if call('ZSCORE', PREFIX .. 'delayed:' .. m[2], m[1] .. id) then
    -- It has replaced a message itself, and keeps the attempts of that one until it is due.
    return attemptsByAgent(id)
  end
  for _, agent in ipairs(m[3] and { m[3] } or call('SMEMBERS', PREFIX .. 'subs:' .. m[2])) do
    if isPending(agent, m[2], m[1] .. id) then
      counts[agent] = attemptsOf(call('HGET', PREFIX .. 'msg:' .. id, 'n:' .. agent))
    end
  end
  return counts
end

-- Whether a channel has no room for a message that is not done.
local function isFull(channel)
  local function room()
    local size = call('XLEN', PREFIX .. 'stream:' .. channel)
    if size < maxItems then return maxItems - size end
    return maxItems - size + finishedOf(channel)
  end
  if room() > 0 then return false end
  flush()
  removeDue()
  return room() <= 0
end

-- Packs texts, without the empty ones at the end.
local function pack(texts)
  local last = #texts
  while texts[last] == '' do last = last - 1 end
  return cmsgpack.pack(unpack(texts, 1, last))
end

local function wake(channel, agent) wakeups[channel .. '\\0' .. agent] = { channel, agent } end

local function storeOne(id, channel, source, target, payload, metadata, priority, ttl, particulars)
  local operation, put, created, expires, acked, settings, due, unique, uniqueMs = id, '0', '', '', '0', '', '', '', ''
  if particulars ~= '' and particulars ~= '${HANDED_OVER}' then
    operation, put, created, expires, acked, settings, due, unique, uniqueMs = unpack(cjson.decode(particulars))
  end
  local key, isPut, isAcked = PREFIX .. 'msg:' .. id, put == '1', acked == '1'
  local attempts = {}
  if call('EXISTS', PREFIX .. 'gone:' .. operation, key) > 0 then
    local done = earlierReply(id, operation, isPut)
    if done then
      writeMarker()
      return done
    end
    flush()
    attempts = attemptsBefore(id)
    remove(id)
  end
  if isPut and isExpired(expires ~= '' and expires) then
    local done = created .. ' ' .. expires .. ' 0 -'
    call('SET', PREFIX .. 'gone:' .. operation, done, 'PX', DEDUP_MS)
    return done
  end
  local uniqueKey = unique ~= '' and uniqueKeyOf(channel, unique)
  local known = uniqueKey and call('GET', uniqueKey)
  if known then
    writeMarker()
    return known
  end
  if isStrict and not isPut and not isForced and isFull(channel) then return 'full' end
  last = math.max(microseconds, last + 1)
  local seq = integer(last)
  if not isPut then created = string.sub(seq, 1, 13) end
  if due ~= '' then
    if string.sub(due, 1, 1) == '+' then due = integer(now + tonumber(string.sub(due, 2))) end
    if tonumber(due) <= now or isAcked then due = '' end
  end
  if not isPut then
    expires = ttl ~= '' and integer((due ~= '' and tonumber(due) or tonumber(created)) + tonumber(ttl)) or ''
  end
  if priority == '0' then priority = '' end
  if metadata == '{}' then metadata = '' end
  local isPlain = not isPut and metadata == '' and settings == '' and due == '' and expires == ''
  local packed
  if isPlain then
    packed = cmsgpack.pack(seq, channel, source, target, priority)
  else
    local last = isPut and { created, integer(now), operation } or {}
    packed = pack({ seq, channel, source, target, priority, expires, metadata, settings, due, unpack(last) })
  end
  local isSmall = #payload <= ${MOST_IN_HASH}
  if isSmall then call('HSET', key, 'm', packed, 'payload', payload) else call('HSET', key, 'm', packed) end
  if isAcked then call('HSET', key, 'acked', integer(now)) end
  if expires ~= '' then add('expiry', expires, id) end
  local given = settingsOf(settings ~= '' and settings)
  if due ~= '' then
    -- Who will be a subscriber when it is due is not known yet.
    for agent, count in pairs(attempts) do call('HSET', key, 'n:' .. agent, count) end
  end
  local function deliverTo(agent)
    if due ~= '' then return end
    local count = attempts[agent]
    if count then call('HSET', key, 'n:' .. agent, count) end
    if not count or count < (given.a or MAX_ATTEMPTS) then
      deliver(agent, channel, seq .. id, priority ~= '' and priority or 0, given.k)
    else
      dead[#dead + 1] = { id = id, channel = channel, seq = seq, agent = agent, isBroadcast = target == '',
        attempts = count, settings = given }
    end
  end
  local stream = PREFIX .. 'stream:' .. channel
  if isSmall then
    call('XADD', stream, streamId(seq), 'id', id)
  else
    call('XADD', stream, streamId(seq), 'id', id, 'payload', payload)
  end
  if hasIndexes then
    add('source:' .. source, seq, id)
    add(target == '' and 'broadcasts' or 'target:' .. target, seq, id)
  end
  if isAcked then add('done:' .. channel, seq, id) end
  if target == '' then
    for _, agent in ipairs(call('SMEMBERS', PREFIX .. 'subs:' .. channel)) do
      deliverTo(agent)
    end
  elseif not isAcked then
    deliverTo(target)
  end
  streams[channel] = true
  if due ~= '' then
    add('delayed', due, seq .. id)
    add('delayed:' .. channel, due, seq .. id)
    -- Who waits for the channel learns when to ask.
    if call('ZADD', PREFIX .. 'due', 'LT', 'CH', due, 'd' .. channel) == 1 then wake(channel, '\\0' .. target) end
  elseif not isAcked then
    wake(channel, target)
  end
  tell('published', channel, id)
  local reply = created .. ' ' .. (expires ~= '' and expires or '-') .. ' ' .. seq .. ' ' .. (due ~= '' and due or '-')
  if uniqueKey then call('SET', uniqueKey, reply .. ' ' .. id, 'PX', uniqueMs) end
  return reply
end

-- The first entries of some indexes of a channel, the oldest first.
local function oldestOf(indexes, channel, most)
  local found = {}
  for _, index in ipairs(most > 0 and indexes or {}) do
    local some = call('ZRANGE', PREFIX .. index .. channel, 0, most - 1, 'WITHSCORES')
    for i = 1, #some, 2 do found[#found + 1] = { id = some[i], seq = tonumber(some[i + 1]), index = index } end
  end
  table.sort(found, function(a, b) return a.seq < b.seq end)
  return { unpack(found, 1, math.min(most, #found)) }
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
  for _, indexes in ipairs({ { 'done:', 'heard:' }, { 'lapsed:' } }) do
    for _, entry in ipairs(oldestOf(indexes, channel, over)) do
      if not remove(entry.id, true) then call('ZREM', PREFIX .. entry.index .. channel, entry.id) end
      over = over - 1
    end
  end
  if over <= 0 or isStrict then return end
  for _, entry in ipairs(call('XRANGE', stream, '-', '+', 'COUNT', over)) do
    if not remove(entry[2][2], true) then call('XDEL', stream, entry[1]) end
  end
end

local function finish()
  flush()
  for _, m in ipairs(dead) do bury(m) end
  if next(streams) then call('SET', KEYS[1], integer(last)) end
  for channel in pairs(streams) do trim(channel) end
  for _, wakeup in pairs(wakeups) do notify(wakeup[1], wakeup[2]) end
end
`;

/** Stores messages. Returns for each `created expires seq due`, with the id if it was there, or `full`. */
export const store: string = script(
  DENY_OOM,
  `${STORE}
for i = from, #ARGV, ${ARGUMENTS} do replies[#replies + 1] = storeOne(unpack(ARGV, i, i + ${
    ARGUMENTS - 1
  })) end
finish()
${FOLD}
return replies
`,
  STORE_PLAIN,
);

/**
 * Reserves a deduplication id for the message `ARGV[7]`, for some time. Returns an empty text, or what `store` returns
 * for the message that has the id. That begins with a question mark while it is only reserved.
 */
export const reserve: string = script(
  DENY_OOM,
  `
local key, own = uniqueKeyOf(ARGV[5], ARGV[6]), '? ' .. ARGV[7]
local known = call('GET', key)
if known and known ~= own then
  writeMarker()
  return known
end
call('SET', key, own, 'PX', ARGV[8])
return ''
`,
);

/** Remembers the message with a deduplication id that was reserved, or forgets the reservation. */
export const remember: string = script(
  ALLOW_OOM,
  `
local key = uniqueKeyOf(ARGV[5], ARGV[6])
local known = call('GET', key)
if known and known ~= '? ' .. ARGV[7] then
  writeMarker()
elseif ARGV[8] ~= '' then
  call('SET', key, ARGV[8], 'PX', ARGV[9])
else
  call('DEL', key)
end
return 1
`,
);

/**
 * Publishes the message of a schedule whose next time is `ARGV[9]`, if there is one from `ARGV[11]` on, and sets its next time
 * to `ARGV[10]`, which may be `inf`. Returns 1 if that was the time.
 */
export const fire: string = script(
  DENY_OOM,
  `${STORE}
local operation, key, dueMs, nextMs = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
${RETURN_SAVED_NUMBER}
if call('ZSCORE', PREFIX .. 'schedules', key) ~= dueMs then return 0 end
if ARGV[11] then
  -- A full channel does not keep a schedule from its time.
  isForced = true
  storeOne(unpack(ARGV, 11, ${10 + ARGUMENTS}))
  call('HINCRBY', PREFIX .. 'schedule:' .. key, 'count', 1)
end
call('ZADD', PREFIX .. 'schedules', nextMs, key)
saveReply(operation, 1)
finish()
return 1
`,
);

/**
 * Stores a schedule, if the next time of the one with its key is `ARGV[11]`: `inf` if it has ended, empty if there
 * is none. Returns 1 if that was so.
 */
export const putSchedule: string = script(
  DENY_OOM,
  `
local operation, key = ARGV[5], ARGV[6]
${RETURN_SAVED_NUMBER}
if (call('ZSCORE', PREFIX .. 'schedules', key) or '') ~= ARGV[11] then return 0 end
call('ZADD', PREFIX .. 'schedules', ARGV[9], key)
call('HSET', PREFIX .. 'schedule:' .. key, 'rule', ARGV[7], 'message', ARGV[8], 'count', ARGV[10])
saveReply(operation, 1)
return 1
`,
);

/** Removes a schedule; with `ARGV[7]`, only if that is its next time. Returns 1 if there was one. */
export const removeSchedule: string = script(
  ALLOW_OOM,
  `
local operation, key = ARGV[5], ARGV[6]
${RETURN_SAVED_NUMBER}
local nextMs = call('ZSCORE', PREFIX .. 'schedules', key)
if not nextMs or (ARGV[7] ~= '' and nextMs ~= ARGV[7]) then return 0 end
call('ZREM', PREFIX .. 'schedules', key)
call('DEL', PREFIX .. 'schedule:' .. key)
saveReply(operation, 1)
return 1
`,
);

/** Returns `{ the time, "done" or the cursor, then key, rule, message, next time and count of schedules }`. */
export const schedules: string = script(
  ALLOW_OOM,
  `
local first, found = tonumber(ARGV[5]), {}
local keys = call('ZRANGE', PREFIX .. 'schedules', first, first + 99, 'WITHSCORES')
for i = 1, #keys, 2 do
  local m = call('HMGET', PREFIX .. 'schedule:' .. keys[i], 'rule', 'message', 'count')
  if m[1] and m[2] then
    found[#found + 1] = { keys[i], m[1], m[2], keys[i + 1], m[3] or '0' }
  else
    call('ZREM', PREFIX .. 'schedules', keys[i])
  end
end
return { integer(now), #keys < 200 and 'done' or tostring(first + 100), unpack(found) }
`,
);
