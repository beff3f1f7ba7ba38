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
 *     acked, unacked                sorted sets: ids by their place; each message is in one of them
 *     source:AGENT, target:AGENT    the same, for each sender and each target
 *     broadcasts                    the same, without a target
 *     expiry                        sorted set: ids by when they expire
 *     subs:CHANNEL                  set: agents that subscribed to the channel
 *     pending:AGENT                 sorted set: what the agent has not acknowledged, by priority and place
 *     ready:LENGTH:AGENT:CHANNEL    the same, of one channel and without what is leased
 *     leased:LENGTH:AGENT:CHANNEL   sorted set: what is leased, by the end of the lease
 *     due                           sorted set: LENGTH:AGENT:CHANNEL by when a lease ends there
 *     dead:AGENT                    sorted set: what failed too often, by when it did
 *     missed:LENGTH:AGENT:CHANNEL   number of messages trimmed before they were acknowledged
 *     gone:OPERATION, op:OPERATION  what an operation has done, for as long as it may be sent again
 *
 * Members of what waits are the place, 16 digits, and the id: within one priority the older comes first.
 *
 * @module
 */

import { defineScripts } from "../../../redis/script.ts";

/**
 * What scripts share, each piece by its name. `ARGV` begins with how to publish, and for how many
 * milliseconds an operation may be repeated. Making a function takes the server time, so a script gets
 * those it uses.
 */
const FRAGMENTS: readonly (readonly [name: string, text: string])[] = [
  ["time", "local time = call('TIME')"],
  ["now", "local now = time[1] * 1000 + math.floor(time[2] / 1000)"],
  ["HORIZON", "local HORIZON = tonumber(ARGV[2])"],
  ["whole", "local function whole(n) return string.format('%.0f', n) end"],
  [
    "place",
    "local function place(agent, channel) return #agent .. ':' .. agent .. ':' .. channel end",
  ],
  ["idOf", "local function idOf(member) return string.sub(member, 17) end"],
  ["isOver", "local function isOver(expires) return expires and tonumber(expires) <= now end"],
  [
    "entryOf",
    "local function entryOf(seq) return string.sub(seq, 1, 13) .. '-' .. tonumber(string.sub(seq, 14)) end",
  ],
  [
    "notify",
    "local function notify(channel, agent) call(ARGV[1], P .. 'notify:' .. channel, agent) end",
  ],
  [
    "remember",
    `
local function remember(operation, what)
  call('SET', P .. 'op:' .. operation, what, 'PX', HORIZON)
end`,
  ],
  [
    "touch",
    `
-- A repeated write has nothing to write, and WAIT counts from the last write of its connection.
local function touch() call('SET', P .. 'touch', '1', 'PX', HORIZON) end`,
  ],
  [
    "flush",
    `
-- Members of sorted sets are gathered, and added together: a call for each would take twice as long.
local gathered = {}
local function add(key, score, member)
  local members = gathered[key]
  if not members then
    members = {}
    gathered[key] = members
  end
  members[#members + 1] = score
  members[#members + 1] = member
end
local function flush()
  for key, members in pairs(gathered) do
    for i = 1, #members, 1000 do
      call('ZADD', P .. key, unpack(members, i, math.min(i + 999, #members)))
    end
  end
  gathered = {}
end`,
  ],
  [
    "deliver",
    `
local function deliver(agent, channel, member, priority)
  local score = -tonumber(priority)
  add('pending:' .. agent, score, member)
  add('ready:' .. place(agent, channel), score, member)
end`,
  ],
  [
    "withdraw",
    `
-- Takes a message out of all that waits for an agent; false if it was not there.
local function withdraw(agent, channel, member)
  if call('ZREM', P .. 'pending:' .. agent, member) == 0 then return false end
  local where = place(agent, channel)
  if call('ZREM', P .. 'leased:' .. where, member) == 0 then
    call('ZREM', P .. 'ready:' .. where, member)
  end
  return true
end`,
  ],
  [
    "remove",
    `
-- Removes all that belongs to a message; false if there is none.
local function remove(id, isTrimmed)
  local key = P .. 'msg:' .. id
  local m = call('HMGET', key, 'channel', 'source', 'target', 'seq', 'expires', 'acked', 'op', 'created')
  local channel, source, target, seq = m[1], m[2], m[3], m[4]
  if not channel then return false end
  local member, stream = seq .. id, P .. 'stream:' .. channel
  call('XDEL', stream, entryOf(seq))
  if call('XLEN', stream) == 0 then call('DEL', stream) end
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
    if m[6] then
      -- It waits for nobody.
    elseif not withdraw(agent, channel, member) then
      call('ZREM', P .. 'dead:' .. agent, member)
    elseif isTrimmed then
      call('INCR', P .. 'missed:' .. place(agent, channel))
    end
  end
  call('DEL', key)
  -- Whoever published it may not have heard yet, and say it again.
  local left = tonumber(string.sub(seq, 1, 13)) + HORIZON - now
  if left > 0 then
    local what = (m[8] or string.sub(seq, 1, 13)) .. ' ' .. (m[5] or '-') .. ' ' .. seq
    call('SET', P .. 'gone:' .. (m[7] or id), what, 'PX', whole(left))
  end
  return true
end`,
  ],
  [
    "expire",
    `
-- Removes messages that have expired; true if there are more.
local function expire(most)
  local due = call('ZRANGE', P .. 'expiry', '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, most)
  for _, id in ipairs(due) do
    if not remove(id) then call('ZREM', P .. 'expiry', id) end
  end
  return #due == most
end`,
  ],
  [
    "lapse",
    `
-- Ends leases that are over, some at a time; true if there are more.
local function lapse(maxAttempts)
  local where = call('ZRANGE', P .. 'due', '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not where then return false end
  local length = string.match(where, '^(%d+):')
  local agent = string.sub(where, #length + 2, #length + 1 + length)
  local channel = string.sub(where, #length + 3 + length)
  local leased, hasReady = P .. 'leased:' .. where, false
  for _, member in ipairs(call('ZRANGE', leased, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, 100)) do
    call('ZREM', leased, member)
    local m = call('HMGET', P .. 'msg:' .. idOf(member), 'seq', 'priority', 'n:' .. agent)
    if not m[1] or tonumber(m[3] or 0) >= maxAttempts then
      call('ZREM', P .. 'pending:' .. agent, member)
      if m[1] then call('ZADD', P .. 'dead:' .. agent, whole(now), member) end
    else
      call('ZADD', P .. 'ready:' .. where, -tonumber(m[2] or 0), member)
      hasReady = true
    end
  end
  local first = call('ZRANGE', leased, 0, 0, 'WITHSCORES')
  if first[1] then
    call('ZADD', P .. 'due', first[2], where)
  else
    call('ZREM', P .. 'due', where)
  end
  if hasReady then notify(channel, agent) end
  return true
end`,
  ],
  [
    "read",
    `
-- A message as it is answered, as an agent sees it; nil if it is gone.
local function read(id, agent)
  local m = call('HMGET', P .. 'msg:' .. id, 'channel', 'source', 'target', 'payload', 'metadata',
    'priority', 'created', 'updated', 'expires', 'seq', 'acked', 'n:' .. agent, 'k:' .. agent)
  if not m[1] then return nil end
  if isOver(m[9]) then
    remove(id)
    return nil
  end
  local created = m[7] or string.sub(m[10], 1, 13)
  local acked = m[11] or (not m[3] and agent ~= '' and m[13])
  return { id, m[1], m[2], m[3] or '', m[4], m[5] or '{}', m[6] or '0', created, m[11] or m[8] or created,
    m[9] or '', m[10], acked and 1 or 0, m[12] or '0' }
end`,
  ],
  [
    "clean",
    `
-- Removes what is due; true if that has to go on before anything else.
local function clean(maxAttempts)
  if expire(500) then return true end
  for _ = 1, 20 do
    if not lapse(maxAttempts) then return false end
  end
  return true
end`,
  ],
  [
    "find",
    `
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
    member = m[3] .. id, isDone = target and m[5] or (not target and m[6]), priority = m[7] or '0',
  }
end`,
  ],
];

/** Scripts that make room, or keep consumers going, work when the memory is full. */
const ALLOW_OOM = "#!lua flags=allow-oom\n";
const DENY_OOM = "#!lua\n";
const PRELUDE = "local P = string.sub(KEYS[1], 1, -4)\nlocal call = redis.call\n";

/** A script: how it begins, the pieces that it uses, and its text. */
function script(flags: string, text: string): string {
  let source = text;
  for (const [name, fragment] of FRAGMENTS.toReversed()) {
    if (new RegExp(`\\b${name}\\b`).test(source)) source = `${fragment}\n${source}`;
  }
  return flags + PRELUDE + source;
}

/** Messages of one call: `ARGV` from 3 is the limit of a channel, then 13 for each message. */
const store = script(
  DENY_OOM,
  `
local maxItems = tonumber(ARGV[3])
local last = tonumber(call('GET', KEYS[1]) or '0')
local microseconds = time[1] * 1000000 + time[2]
local streams, hints = {}, {}

-- What was done before, if it is what is to be done now.
local function doneBefore(key, operation, isPut)
  local done = call('GET', P .. 'gone:' .. operation)
  if done then return done end
  local was = call('HMGET', key, 'seq', 'created', 'expires', 'op')
  if not was[1] or (isPut and was[4] ~= operation) then return nil end
  return (was[2] or string.sub(was[1], 1, 13)) .. ' ' .. (was[3] or '-') .. ' ' .. was[1]
end

local function storeOne(operation, id, channel, source, target, payload, metadata, priority, ttl, put,
  created, expires, acked)
  local key, isPut, isAcked = P .. 'msg:' .. id, put == '1', acked == '1'
  if call('EXISTS', P .. 'gone:' .. operation, key) > 0 then
    local done = doneBefore(key, operation, isPut)
    if done then
      touch()
      return done
    end
    flush()
    remove(id)
  end
  if isPut and isOver(expires ~= '' and expires) then
    local done = created .. ' ' .. expires .. ' 0'
    call('SET', P .. 'gone:' .. operation, done, 'PX', HORIZON)
    return done
  end
  last = math.max(microseconds, last + 1)
  local seq = whole(last)
  local fields = { 'channel', channel, 'source', source, 'payload', payload, 'seq', seq }
  local function set(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if isPut then
    set('op', operation)
    set('created', created)
    set('updated', whole(now))
  else
    created = string.sub(seq, 1, 13)
    expires = ttl ~= '' and whole(created + ttl) or ''
  end
  if target ~= '' then set('target', target) end
  if priority ~= '0' then set('priority', priority) end
  if metadata ~= '{}' then set('metadata', metadata) end
  if isAcked then set('acked', whole(now)) end
  if expires ~= '' then
    set('expires', expires)
    add('expiry', expires, id)
  end
  call('HSET', key, unpack(fields))
  call('XADD', P .. 'stream:' .. channel, entryOf(seq), 'id', id)
  add('source:' .. source, seq, id)
  add(isAcked and 'acked' or 'unacked', seq, id)
  if target == '' then
    add('broadcasts', seq, id)
    for _, agent in ipairs(call('SMEMBERS', P .. 'subs:' .. channel)) do
      deliver(agent, channel, seq .. id, priority)
    end
  else
    add('target:' .. target, seq, id)
    if not isAcked then deliver(target, channel, seq .. id, priority) end
  end
  streams[channel] = true
  if not isAcked then hints[channel .. '\\0' .. target] = { channel, target } end
  return created .. ' ' .. (expires ~= '' and expires or '-') .. ' ' .. seq
end

local function trim(stream)
  local over = call('XLEN', stream) - maxItems
  if over <= 0 then return end
  expire(100)
  over = call('XLEN', stream) - maxItems
  if over <= 0 then return end
  for _, entry in ipairs(call('XRANGE', stream, '-', '+', 'COUNT', math.min(over, 1000))) do
    if not remove(entry[2][2], true) then call('XDEL', stream, entry[1]) end
  end
end

local replies = {}
for i = 4, #ARGV, 13 do replies[#replies + 1] = storeOne(unpack(ARGV, i, i + 12)) end
flush()
if next(streams) then call('SET', KEYS[1], whole(last)) end
for channel in pairs(streams) do trim(P .. 'stream:' .. channel) end
for _, hint in pairs(hints) do notify(hint[1], hint[2]) end
return replies
`,
);

const register = script(
  ALLOW_OOM,
  `
local channel, agent, isFromOldest = ARGV[3], ARGV[4], ARGV[5] == '1'
if call('SADD', P .. 'subs:' .. channel, agent) == 0 or not isFromOldest then return 0 end
for _, entry in ipairs(call('XRANGE', P .. 'stream:' .. channel, '-', '+')) do
  local id = entry[2][2]
  local m = call('HMGET', P .. 'msg:' .. id, 'target', 'seq', 'priority', 'expires')
  if m[2] and not m[1] and not isOver(m[4]) then
    deliver(agent, channel, m[2] .. id, m[3] or '0')
  end
end
flush()
return 1
`,
);

const unsubscribe = script(
  ALLOW_OOM,
  `
local operation, channel, agent = ARGV[3], ARGV[4], ARGV[5]
local memo = call('GET', P .. 'op:' .. operation)
if memo then return tonumber(memo) end
local known = call('SREM', P .. 'subs:' .. channel, agent)
if known == 1 then
  for _, kind in ipairs({ 'ready:', 'leased:' }) do
    for _, member in ipairs(call('ZRANGE', P .. kind .. place(agent, channel), 0, -1)) do
      if call('HEXISTS', P .. 'msg:' .. idOf(member), 'target') == 0 then
        withdraw(agent, channel, member)
      end
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
const release = script(
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
const acknowledge = script(
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

const requeue = script(
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

/** Answers messages, or nothing if it has to be asked again. */
const pending = script(
  ALLOW_OOM,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if clean(maxAttempts) then return nil end
local all, where = P .. 'pending:' .. agent, place(agent, channel)
local members = call('ZRANGE', channel == '' and all or P .. 'ready:' .. where, 0, limit - 1)
local leased = channel == '' and {} or call('ZRANGE', P .. 'leased:' .. where, 0, -1)
if #leased > 0 then
  local scores = {}
  for _, member in ipairs(leased) do members[#members + 1] = member end
  for _, member in ipairs(members) do scores[member] = tonumber(call('ZSCORE', all, member)) end
  table.sort(members, function(a, b)
    if scores[a] == scores[b] then return a < b end
    return scores[a] < scores[b]
  end)
end
local found = {}
for i = 1, math.min(limit, #members) do
  local message = read(idOf(members[i]), agent)
  if message then
    -- What was never taken is not leased.
    local from = message[13] ~= '0' and P .. 'leased:' .. place(agent, message[2])
    message[14] = from and call('ZSCORE', from, members[i]) or ''
    found[#found + 1] = message
  end
end
return found
`,
);

/** Answers messages, or nothing if it has to be asked again. */
const deadLetters = script(
  ALLOW_OOM,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if clean(maxAttempts) then return nil end
local found = {}
for _, member in ipairs(call('ZRANGE', P .. 'dead:' .. agent, 0, -1)) do
  if #found == limit then break end
  local isWanted = channel == '' or call('HGET', P .. 'msg:' .. idOf(member), 'channel') == channel
  local message = isWanted and read(idOf(member), agent)
  if message then
    message[14] = ''
    found[#found + 1] = message
  end
end
return found
`,
);

const get = script(ALLOW_OOM, "return read(ARGV[3], ARGV[4])");

const remove = script(
  ALLOW_OOM,
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
  if isGiven then indexes[#indexes + 1] = { { name }, call('ZCARD', P .. name) } end
end
filter(source ~= '', 'source:' .. source)
filter(target ~= '', target == '*' and 'broadcasts' or 'target:' .. string.sub(target, 2))
filter(acked ~= '', acked == '1' and 'acked' or 'unacked')
if channel ~= '' then
  indexes[#indexes + 1] = { 'stream:' .. channel, call('XLEN', P .. 'stream:' .. channel), true }
end
local isExact = #indexes <= 1
if #indexes == 0 then
  indexes[1] = { { 'acked', 'unacked' }, call('ZCARD', P .. 'acked') + call('ZCARD', P .. 'unacked') }
end
table.sort(indexes, function(a, b) return a[2] < b[2] end)
local names, size, isStream = unpack(indexes[1])

-- Ids and their places, the last stored first.
local function below(from, count)
  local steps = {}
  if isStream then
    local first = from == '' and '+' or '(' .. entryOf(from)
    for i, entry in ipairs(call('XREVRANGE', P .. names, first, '-', 'COUNT', count)) do
      local ms, us = string.match(entry[1], '(%d+)-(%d+)')
      steps[i] = { entry[2][2], ms .. string.format('%03d', us) }
    end
    return steps
  end
  for _, name in ipairs(names) do
    local found = call('ZRANGE', P .. name, from == '' and '+inf' or '(' .. from, '-inf', 'BYSCORE', 'REV',
      'LIMIT', 0, count, 'WITHSCORES')
    for i = 1, #found, 2 do steps[#steps + 1] = { found[i], found[i + 1] } end
  end
  if #names > 1 then table.sort(steps, function(a, b) return a[2] > b[2] end) end
  return steps
end

local function isMatch(id)
  local m = call('HMGET', P .. 'msg:' .. id, 'channel', 'source', 'target', 'acked')
  return m[1] and (channel == '' or m[1] == channel) and (source == '' or m[2] == source) and
    (target == '' or (m[3] and '=' .. m[3] or '*') == target) and
    (acked == '' or (m[4] and '1' or '0') == acked)
end

local function walk(count, take)
  local steps = below(cursor, count)
  for i = 1, math.min(count, #steps) do
    cursor = steps[i][2]
    if (isExact or isMatch(steps[i][1])) and take(steps[i][1]) then return true end
  end
  return #steps < count
end
`;

/** Answers `{ "again" }`, or `{ "done" or the place to go on from, how many were skipped, messages... }`. */
const list = script(
  ALLOW_OOM,
  `${WALK}
local skip, limit, agent = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local found, skipped = {}, 0
local isDone = walk(isExact and math.min(1000, skip + limit) or 1000, function(id)
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
  ALLOW_OOM,
  `${WALK}
if isExact then return { 'done', size } end
local matches = 0
local isDone = walk(1000, function() matches = matches + 1 end)
return { isDone and 'done' or cursor, matches }
`,
);

/** Answers how many were removed; there may be more if it was all that it removes at once. */
const clear = script(
  ALLOW_OOM,
  `
local operation, most = ARGV[3], tonumber(ARGV[4])
local memo = call('GET', P .. 'op:' .. operation)
if memo then
  touch()
  return tonumber(memo)
end
while expire(100) do end
local ids = call('ZRANGE', P .. 'unacked', 0, most - 1)
if #ids == 0 then ids = call('ZRANGE', P .. 'acked', 0, most - 1) end
for _, id in ipairs(ids) do remove(id) end
remember(operation, #ids)
return #ids
`,
);

/** Removes what is due; answers 1 if there is more. */
const sweep = script(
  ALLOW_OOM,
  `
return clean(tonumber(ARGV[3])) and 1 or 0
`,
);

/** Writes the number of partitions down if nobody has, and answers what is written. */
const agree = script(
  ALLOW_OOM,
  `
call('SET', P .. 'partitions', ARGV[3], 'NX')
return call('GET', P .. 'partitions')
`,
);

/** All scripts by their names. */
export const scripts = defineScripts({
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
});

/** The name of a script. */
export type ScriptName = keyof typeof scripts;
