/**
 * What the server does, a Lua script for each mutation: whole or not at all, by the server's own clock,
 * and once for each operation, however often it is sent.
 *
 * Every key of a partition begins with the same prefix, in a cluster the same hash tag. `KEYS[1]` is
 * `prefix:seq`; the other keys are made from it, since which of them a message touches stands in
 * the message.
 *
 *     seq                           the last place in the order of storing, microseconds as far as that goes
 *     msg:ID                        hash: the message; n:AGENT attempts and k:AGENT acknowledged
 *     stream:CHANNEL                stream: the ids of the channel's messages, by their place
 *     all, acked, unacked           sorted sets: ids by their place
 *     source:AGENT, target:AGENT    the same, for each sender and each target
 *     broadcasts                    the same, without a target
 *     expiry                        sorted set: ids by when they expire
 *     subs:CHANNEL                  set: agents that subscribed to the channel
 *     pending:AGENT                 sorted set: what the agent has not acknowledged, by priority and place
 *     inbox:LENGTH:AGENT:CHANNEL    the same, of one channel
 *     ready:LENGTH:AGENT:CHANNEL    the same, without what is leased
 *     leases                        sorted set: what is leased, by the end of the lease
 *     dead:AGENT                    sorted set: what failed too often, by when it did
 *     missed:LENGTH:AGENT:CHANNEL   number of messages trimmed before they were acknowledged
 *     gone:OPERATION, op:OPERATION  what an operation has done, for as long as it may be sent again
 *
 * Members of what waits are the place, 16 digits, and the id: within one priority the older comes first.
 *
 * @module
 */

/** What all scripts have: `ARGV` begins with how to publish, and how long operations may be repeated. */
const COMMON = `
local P = string.sub(KEYS[1], 1, -4)
local call = redis.call
local PUBLISH, HORIZON = ARGV[1], tonumber(ARGV[2])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(n) return string.format('%.0f', n) end
local function place(agent, channel) return #agent .. ':' .. agent .. ':' .. channel end
local function leaseOf(agent, member) return #agent .. ':' .. agent .. member end
local function idOf(member) return string.sub(member, 17) end
local function isOver(expires) return expires and tonumber(expires) <= now end
local function entryOf(seq) return string.sub(seq, 1, 13) .. '-' .. tonumber(string.sub(seq, 14)) end
local function notify(channel, agent) call(PUBLISH, P .. 'notify:' .. channel, agent) end
local function remember(operation, what)
  call('SET', P .. 'op:' .. operation, what, 'PX', HORIZON)
end
-- A repeated write has nothing to write, and WAIT counts from the last write of its connection.
local function touch() call('SET', P .. 'touch', '1', 'PX', HORIZON) end

local function deliver(agent, channel, member, priority)
  local where, score = place(agent, channel), -tonumber(priority)
  call('ZADD', P .. 'pending:' .. agent, score, member)
  call('ZADD', P .. 'inbox:' .. where, score, member)
  call('ZADD', P .. 'ready:' .. where, score, member)
end

-- Takes a message out of all that waits for an agent; false if it was not there.
local function withdraw(agent, channel, member)
  local where = place(agent, channel)
  if call('ZREM', P .. 'inbox:' .. where, member) == 0 then return false end
  call('ZREM', P .. 'pending:' .. agent, member)
  if call('ZREM', P .. 'ready:' .. where, member) == 0 then
    call('ZREM', P .. 'leases', leaseOf(agent, member))
  end
  return true
end

-- Removes all that belongs to a message; false if there is none.
local function remove(id, isTrimmed)
  local key = P .. 'msg:' .. id
  local m = call('HMGET', key, 'channel', 'source', 'target', 'seq', 'expires', 'acked', 'op', 'created')
  local channel, source, target, seq = m[1], m[2], m[3], m[4]
  if not channel then return false end
  local member, stream = seq .. id, P .. 'stream:' .. channel
  call('XDEL', stream, entryOf(seq))
  if call('XLEN', stream) == 0 then call('DEL', stream) end
  call('ZREM', P .. 'all', id)
  call('ZREM', P .. (m[6] and 'acked' or 'unacked'), id)
  call('ZREM', P .. 'source:' .. source, id)
  if m[5] then call('ZREM', P .. 'expiry', id) end
  local agents
  if target then
    call('ZREM', P .. 'target:' .. target, id)
    agents = { target }
  else
    call('ZREM', P .. 'broadcasts', id)
    agents = call('SMEMBERS', P .. 'subs:' .. channel)
  end
  for _, agent in ipairs(agents) do
    if not (m[6] and target) then
      if withdraw(agent, channel, member) then
        if isTrimmed then call('INCR', P .. 'missed:' .. place(agent, channel)) end
      else
        call('ZREM', P .. 'dead:' .. agent, member)
      end
    end
  end
  call('DEL', key)
  -- Whoever published it may not have heard yet, and say it again.
  local left = math.floor(tonumber(seq) / 1000) + HORIZON - now
  if left > 0 then
    local what = m[8] .. ' ' .. (m[5] or '-') .. ' ' .. seq
    call('SET', P .. 'gone:' .. (m[7] or id), what, 'PX', whole(left))
  end
  return true
end

-- Removes messages that have expired; true if there are more.
local function expire(most)
  local due = call('ZRANGE', P .. 'expiry', '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, most)
  for _, id in ipairs(due) do
    if not remove(id) then call('ZREM', P .. 'expiry', id) end
  end
  return #due == most
end

-- Ends leases that are over; true if there are more.
local function lapse(most, maxAttempts)
  local due = call('ZRANGE', P .. 'leases', '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, most)
  for _, lease in ipairs(due) do
    local length = string.match(lease, '^(%d+):')
    local from = #length + 2
    local agent = string.sub(lease, from, from + length - 1)
    local member = string.sub(lease, from + length)
    call('ZREM', P .. 'leases', lease)
    local m = call('HMGET', P .. 'msg:' .. idOf(member), 'channel', 'priority', 'n:' .. agent)
    local channel = m[1]
    if channel and tonumber(m[3] or 0) >= maxAttempts then
      withdraw(agent, channel, member)
      call('ZADD', P .. 'dead:' .. agent, whole(now), member)
    elseif channel then
      call('ZADD', P .. 'ready:' .. place(agent, channel), -tonumber(m[2]), member)
      notify(channel, agent)
    end
  end
  return #due == most
end

local function lapseAll(maxAttempts)
  while lapse(100, maxAttempts) do end
end

-- A message as it is answered, as an agent sees it; nil if it is gone.
local function read(id, agent)
  local m = call('HMGET', P .. 'msg:' .. id, 'channel', 'source', 'target', 'payload', 'metadata',
    'priority', 'created', 'updated', 'expires', 'seq', 'acked', 'n:' .. agent, 'k:' .. agent)
  if not m[1] then return nil end
  if isOver(m[9]) then
    remove(id)
    return nil
  end
  local acked = m[11] or (not m[3] and agent ~= '' and m[13])
  return { id, m[1], m[2], m[3] or '', m[4], m[5] or '{}', m[6], m[7], m[8] or m[7], m[9] or '', m[10],
    acked and 1 or 0, m[12] or '0' }
end

-- The messages of a sorted set of what waits, from the first on.
local function readWaiting(key, agent, limit, isWanted)
  local found, from = {}, 0
  while #found < limit do
    local members = call('ZRANGE', key, from, from + math.min(limit - #found, 100) - 1)
    if #members == 0 then break end
    for _, member in ipairs(members) do
      local message = read(idOf(member), agent)
      if not message then
        call('ZREM', key, member)
      else
        from = from + 1
        if not isWanted or isWanted(message) then
          message[14] = call('ZSCORE', P .. 'leases', leaseOf(agent, member)) or ''
          found[#found + 1] = message
        end
      end
    end
  end
  return found
end

-- The message and the agent that an id and an agent mean, or what to answer instead.
local function find(id, agent)
  local m = call('HMGET', P .. 'msg:' .. id, 'channel', 'target', 'seq', 'expires', 'acked',
    'k:' .. agent, 'priority')
  if not m[1] then return nil, 'absent' end
  if isOver(m[4]) then
    remove(id)
    return nil, 'absent'
  end
  local target = m[2]
  if target and agent ~= '' and agent ~= target then return nil, 'absent' end
  if not target and agent == '' then return nil, 'needs agent' end
  return {
    channel = m[1], isBroadcast = not target, agent = target or agent, seq = m[3],
    member = m[3] .. id, isDone = target and m[5] or (not target and m[6]), priority = m[7],
  }
end
`;

/** Scripts that make room, or keep consumers going, work when the memory is full. */
const WHEN_FULL = "#!lua flags=allow-oom";
const WITH_ROOM = "#!lua";

/** A script: how it begins, and its text. */
function script(flags: string, text: string): string {
  return flags + COMMON + text;
}

/** `ARGV` from 3: what the caller did before, all of a message, the limit of the channel. */
const store = script(
  WITH_ROOM,
  `
local operation, id, channel, source, target = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local payload, metadata, priority, ttl = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local maxItems, isPut = tonumber(ARGV[12]), ARGV[13] == '1'
local created, expires, isAcked = ARGV[14], ARGV[15], ARGV[16] == '1'
local key = P .. 'msg:' .. id

local done = call('GET', P .. 'gone:' .. operation)
if done then
  touch()
  return done
end
local was = call('HMGET', key, 'created', 'expires', 'seq', 'op')
if was[1] and (not isPut or was[4] == operation) then
  touch()
  return was[1] .. ' ' .. (was[2] or '-') .. ' ' .. was[3]
end
if was[1] then remove(id) end
if not isPut then
  created = whole(now)
  expires = ttl ~= '' and whole(now + ttl) or ''
elseif isOver(expires ~= '' and expires) then
  call('SET', P .. 'gone:' .. operation, created .. ' ' .. expires .. ' 0', 'PX', HORIZON)
  return created .. ' ' .. expires .. ' 0'
end

local last = tonumber(call('GET', KEYS[1]) or '0')
local seq = whole(math.max(time[1] * 1000000 + time[2], last + 1))
call('SET', KEYS[1], seq)
call('HSET', key, 'channel', channel, 'source', source, 'payload', payload, 'priority', priority,
  'created', created, 'seq', seq)
if metadata ~= '{}' then call('HSET', key, 'metadata', metadata) end
if isPut then call('HSET', key, 'op', operation, 'updated', whole(now)) end
if expires ~= '' then
  call('HSET', key, 'expires', expires)
  call('ZADD', P .. 'expiry', expires, id)
end
call('XADD', P .. 'stream:' .. channel, entryOf(seq), 'id', id)
call('ZADD', P .. 'all', seq, id)
call('ZADD', P .. 'source:' .. source, seq, id)
if isAcked then
  call('HSET', key, 'acked', '1')
  call('ZADD', P .. 'acked', seq, id)
else
  call('ZADD', P .. 'unacked', seq, id)
end
if target ~= '' then
  call('HSET', key, 'target', target)
  call('ZADD', P .. 'target:' .. target, seq, id)
  if not isAcked then deliver(target, channel, seq .. id, priority) end
else
  call('ZADD', P .. 'broadcasts', seq, id)
  for _, agent in ipairs(call('SMEMBERS', P .. 'subs:' .. channel)) do
    deliver(agent, channel, seq .. id, priority)
  end
end

local stream = P .. 'stream:' .. channel
local over = call('XLEN', stream) - maxItems
if over > 0 then
  expire(100)
  over = call('XLEN', stream) - maxItems
end
if over > 0 then
  for _, entry in ipairs(call('XRANGE', stream, '-', '+', 'COUNT', math.min(over, 1000))) do
    if not remove(entry[2][2], true) then call('XDEL', stream, entry[1]) end
  end
end
if not isAcked then notify(channel, target) end
return created .. ' ' .. (expires ~= '' and expires or '-') .. ' ' .. seq
`,
);

const register = script(
  WHEN_FULL,
  `
local channel, agent, isFromOldest = ARGV[3], ARGV[4], ARGV[5] == '1'
if call('SADD', P .. 'subs:' .. channel, agent) == 0 or not isFromOldest then return 0 end
for _, entry in ipairs(call('XRANGE', P .. 'stream:' .. channel, '-', '+')) do
  local id = entry[2][2]
  local m = call('HMGET', P .. 'msg:' .. id, 'target', 'seq', 'priority', 'expires')
  if m[2] and not m[1] and not isOver(m[4]) then deliver(agent, channel, m[2] .. id, m[3]) end
end
return 1
`,
);

const unsubscribe = script(
  WHEN_FULL,
  `
local operation, channel, agent = ARGV[3], ARGV[4], ARGV[5]
local memo = call('GET', P .. 'op:' .. operation)
if memo then return tonumber(memo) end
local known = call('SREM', P .. 'subs:' .. channel, agent)
if known == 1 then
  for _, member in ipairs(call('ZRANGE', P .. 'inbox:' .. place(agent, channel), 0, -1)) do
    if call('HEXISTS', P .. 'msg:' .. idOf(member), 'target') == 0 then
      withdraw(agent, channel, member)
    end
  end
  for _, member in ipairs(call('ZRANGE', P .. 'dead:' .. agent, 0, -1)) do
    local m = call('HMGET', P .. 'msg:' .. idOf(member), 'channel', 'target')
    if m[1] == channel and not m[2] then call('ZREM', P .. 'dead:' .. agent, member) end
  end
  call('DEL', P .. 'missed:' .. place(agent, channel))
end
remember(operation, known)
return known
`,
);

/** Answers `{ missed, milliseconds to the next end of a lease or -1, messages... }`. */
const claim = script(
  WHEN_FULL,
  `
local operation, isRetry, channel, agent = ARGV[3], ARGV[4] == '1', ARGV[5], ARGV[6]
local limit, leaseMs, maxAttempts = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local reported, where = tonumber(ARGV[10]), place(agent, channel)
local missedKey, found = P .. 'missed:' .. where, {}

local memo = isRetry and call('GET', P .. 'op:' .. operation)
if memo then
  for id in string.gmatch(memo, '[^%z]+') do
    local message = read(id, agent)
    local lease = message and call('ZSCORE', P .. 'leases', leaseOf(agent, message[11] .. id))
    if lease then
      message[14] = lease
      found[#found + 1] = message
    end
  end
else
  lapse(100, maxAttempts)
  local ids, ready, untilMs = {}, P .. 'ready:' .. where, whole(now + leaseMs)
  while #found < limit do
    local members = call('ZRANGE', ready, 0, math.min(limit - #found, 100) - 1)
    if #members == 0 then break end
    for _, member in ipairs(members) do
      local id = idOf(member)
      local message = read(id, agent)
      call('ZREM', ready, member)
      if message then
        message[13] = call('HINCRBY', P .. 'msg:' .. id, 'n:' .. agent, 1)
        message[14] = untilMs
        call('ZADD', P .. 'leases', untilMs, leaseOf(agent, member))
        found[#found + 1] = message
        ids[#ids + 1] = id
      end
    end
  end
  if reported > 0 then
    if call('DECRBY', missedKey, reported) <= 0 then call('DEL', missedKey) end
  end
  if #ids > 0 or reported > 0 then remember(operation, table.concat(ids, '\\0') .. '\\0') end
end
local next = call('ZRANGE', P .. 'leases', 0, 0, 'WITHSCORES')
local due = next[2] and math.max(0, tonumber(next[2]) - now) or -1
return { tonumber(call('GET', missedKey) or '0'), due, unpack(found) }
`,
);

/** `ARGV` from 5: for each message its place and id, and when its lease was to end. */
const release = script(
  WHEN_FULL,
  `
local channel, agent = ARGV[3], ARGV[4]
for i = 5, #ARGV, 2 do
  local member = ARGV[i]
  local lease = leaseOf(agent, member)
  if call('ZSCORE', P .. 'leases', lease) == ARGV[i + 1] then
    local key = P .. 'msg:' .. idOf(member)
    call('ZREM', P .. 'leases', lease)
    call('HINCRBY', key, 'n:' .. agent, -1)
    call('ZADD', P .. 'ready:' .. place(agent, channel), -tonumber(call('HGET', key, 'priority')), member)
  end
end
notify(channel, agent)
return 1
`,
);

const acknowledge = script(
  WHEN_FULL,
  `
local id = ARGV[3]
local m, instead = find(id, ARGV[4])
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
  call('HSET', P .. 'msg:' .. id, 'acked', '1', 'updated', whole(now))
  call('ZREM', P .. 'unacked', id)
  call('ZADD', P .. 'acked', m.seq, id)
end
return 'acknowledged'
`,
);

const requeue = script(
  WHEN_FULL,
  `
local operation, id, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[6])
if call('EXISTS', P .. 'op:' .. operation) == 1 then
  touch()
  return 'acknowledged'
end
lapseAll(maxAttempts)
local m, instead = find(id, ARGV[5])
if not m then return instead end
if call('ZREM', P .. 'dead:' .. m.agent, m.member) == 0 then return 'absent' end
call('HDEL', P .. 'msg:' .. id, 'n:' .. m.agent)
deliver(m.agent, m.channel, m.member, m.priority)
notify(m.channel, m.agent)
remember(operation, '1')
return 'acknowledged'
`,
);

const pending = script(
  WHEN_FULL,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
lapseAll(maxAttempts)
local key = channel == '' and 'pending:' .. agent or 'inbox:' .. place(agent, channel)
return readWaiting(P .. key, agent, limit)
`,
);

const deadLetters = script(
  WHEN_FULL,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
lapseAll(maxAttempts)
return readWaiting(P .. 'dead:' .. agent, agent, limit, function(message)
  return channel == '' or message[2] == channel
end)
`,
);

const get = script(WHEN_FULL, "return read(ARGV[3], ARGV[4])");

const remove = script(
  WHEN_FULL,
  `
local operation, id = ARGV[3], ARGV[4]
local memo = call('GET', P .. 'op:' .. operation)
if memo then
  touch()
  return tonumber(memo)
end
if isOver(call('HGET', P .. 'msg:' .. id, 'expires')) then
  remove(id)
  return 0
end
if not remove(id) then return 0 end
remember(operation, 1)
return 1
`,
);

/**
 * What `list` and `count` share: a walk over the smallest index that the filters allow, from a place
 * on, the last stored first. It stops after some steps, to let others have the server, and is gone
 * on with from where it stopped.
 */
const WALK = `
local channel, source, target, acked = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local cursor = ARGV[7]
if expire(500) then return { 'again' } end

local indexes = {}
local function filter(isGiven, name)
  if isGiven then indexes[#indexes + 1] = { name, call('ZCARD', P .. name) } end
end
if channel ~= '' then
  indexes[1] = { 'stream:' .. channel, call('XLEN', P .. 'stream:' .. channel), true }
end
filter(source ~= '', 'source:' .. source)
filter(target ~= '', target == '*' and 'broadcasts' or 'target:' .. string.sub(target, 2))
filter(acked ~= '', acked == '1' and 'acked' or 'unacked')
local isExact = #indexes <= 1
if #indexes == 0 then filter(true, 'all') end
table.sort(indexes, function(a, b) return a[2] < b[2] end)
local name, size, isStream = unpack(indexes[1])

local function idsBelow(from, count)
  if not isStream then
    return call('ZRANGE', P .. name, from == '' and '+inf' or '(' .. from, '-inf', 'BYSCORE', 'REV',
      'LIMIT', 0, count)
  end
  local ids = {}
  local first = from == '' and '+' or '(' .. entryOf(from)
  for i, entry in ipairs(call('XREVRANGE', P .. name, first, '-', 'COUNT', count)) do
    ids[i] = entry[2][2]
  end
  return ids
end

-- The place of a message if it matches, and nil with its place if it does not.
local function match(id)
  local m = call('HMGET', P .. 'msg:' .. id, 'seq', 'channel', 'source', 'target', 'acked')
  local isMatch = (channel == '' or m[2] == channel) and (source == '' or m[3] == source) and
    (target == '' or (m[4] and '=' .. m[4] or '*') == target) and
    (acked == '' or (m[5] and '1' or '0') == acked)
  return isMatch and m[1], m[1]
end

local function walk(steps, take)
  local ids = idsBelow(cursor, steps)
  for _, id in ipairs(ids) do
    local seq, at = match(id)
    cursor = at or cursor
    if seq and take(id) then return true end
  end
  return #ids < steps
end
`;

/** Answers `{ "again" }`, or `{ "done" or the place to go on from, how many were skipped, messages... }`. */
const list = script(
  WHEN_FULL,
  `${WALK}
local skip, limit, agent = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local found, skipped = {}, 0
local isDone
if isExact and skip > 0 and cursor == '' and not isStream then
  local id = call('ZRANGE', P .. name, skip - 1, skip - 1, 'REV')[1]
  if not id then return { 'done', skip } end
  skipped = skip
  cursor = call('HGET', P .. 'msg:' .. id, 'seq')
end
local steps = isExact and math.max(1, skip - skipped + limit) or 1000
isDone = walk(math.min(steps, 1000), function(id)
  if skipped < skip then
    skipped = skipped + 1
    return false
  end
  found[#found + 1] = read(id, agent)
  return #found == limit
end)
return { isDone and 'done' or cursor, skipped, unpack(found) }
`,
);

/** Answers `{ "again" }`, or `{ "done" or the place to go on from, how many }`. */
const count = script(
  WHEN_FULL,
  `${WALK}
if isExact then return { 'done', size } end
local matches = 0
local isDone = walk(1000, function() matches = matches + 1 end)
return { isDone and 'done' or cursor, matches }
`,
);

/** Answers how many were removed; there may be more if it was all that it removes at once. */
const clear = script(
  WHEN_FULL,
  `
local operation, most = ARGV[3], tonumber(ARGV[4])
local memo = call('GET', P .. 'op:' .. operation)
if memo then
  touch()
  return tonumber(memo)
end
while expire(100) do end
local ids = call('ZRANGE', P .. 'all', 0, most - 1)
for _, id in ipairs(ids) do remove(id) end
remember(operation, #ids)
return #ids
`,
);

/** Removes what is due; answers 1 if there is more. */
const sweep = script(
  WHEN_FULL,
  `
local isMoreToExpire = expire(200)
local isMoreToLapse = lapse(200, tonumber(ARGV[3]))
return (isMoreToExpire or isMoreToLapse) and 1 or 0
`,
);

/** Writes the number of partitions down if nobody has, and answers what is written. */
const agree = script(
  WHEN_FULL,
  `
call('SET', P .. 'partitions', ARGV[3], 'NX')
return call('GET', P .. 'partitions')
`,
);

/** All scripts by their names. */
export const scripts = {
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
  sweep,
  agree,
} as const;

/** The name of a script. */
export type ScriptName = keyof typeof scripts;
