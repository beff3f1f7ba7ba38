/**
 * The Lua functions that scripts share.
 *
 * @module
 */

/**
 * Lua fragments by the name that they define, each after those it uses. `ARGV` begins with the command
 * that publishes, and the milliseconds for which an operation may be repeated. A script gets only the
 * fragments that it uses, because defining a function takes time on the server.
 */
const FRAGMENTS: readonly (readonly [name: string, text: string])[] = [
  ["time", "local time = call('TIME')"],
  ["now", "local now = time[1] * 1000 + math.floor(time[2] / 1000)"],
  ["DEDUP_MS", "local DEDUP_MS = tonumber(ARGV[2])"],
  ["integer", "local function integer(n) return string.format('%.0f', n) end"],
  [
    "queueName",
    "local function queueName(agent, channel) return #agent .. ':' .. agent .. ':' .. channel end",
  ],
  ["idOf", "local function idOf(member) return string.sub(member, 17) end"],
  [
    "isExpired",
    "local function isExpired(expires) return expires and tonumber(expires) <= now end",
  ],
  [
    "streamId",
    "local function streamId(seq) return string.sub(seq, 1, 13) .. '-' .. tonumber(string.sub(seq, 14)) end",
  ],
  [
    "notify",
    `
-- The script has done its work: a notification that the server rejects is counted, and is no error.
local function notify(channel, agent)
  local reply = redis.pcall(ARGV[1], PREFIX .. 'notify:' .. channel, agent)
  if type(reply) == 'table' and reply.err then redis.pcall('INCR', PREFIX .. 'unnotified') end
end`,
  ],
  [
    "saveReply",
    `
local function saveReply(operation, what)
  call('SET', PREFIX .. 'op:' .. operation, what, 'PX', DEDUP_MS)
end`,
  ],
  [
    "writeMarker",
    `
-- A repeated operation writes a marker, because WAIT counts the writes of its connection.
local function writeMarker() call('SET', PREFIX .. 'touch', '1', 'PX', DEDUP_MS) end`,
  ],
  [
    "flush",
    `
-- Buffers members of sorted sets, and adds them together: a call for each would take twice as long.
local buffered = {}
local function add(key, score, member)
  local members = buffered[key]
  if not members then
    members = {}
    buffered[key] = members
  end
  members[#members + 1] = score
  members[#members + 1] = member
end
local function flush()
  for key, members in pairs(buffered) do
    for i = 1, #members, 1000 do
      call('ZADD', PREFIX .. key, unpack(members, i, math.min(i + 999, #members)))
    end
  end
  buffered = {}
end`,
  ],
  [
    "deliver",
    `
local function deliver(agent, channel, member, priority)
  local score = -tonumber(priority)
  add('pending:' .. agent, score, member)
  add('ready:' .. queueName(agent, channel), score, member)
end`,
  ],
  [
    "withdraw",
    `
-- Ends the pending delivery of a message to an agent. False if there was none.
local function withdraw(agent, channel, member)
  if call('ZREM', PREFIX .. 'pending:' .. agent, member) == 0 then return false end
  local queue = queueName(agent, channel)
  if call('ZREM', PREFIX .. 'leased:' .. queue, member) == 0 then
    call('ZREM', PREFIX .. 'ready:' .. queue, member)
  end
  return true
end`,
  ],
  [
    "fieldsOf",
    `
-- Fields of a message. All are false if there is none, or if another program has stored something else.
local function fieldsOf(id, ...)
  local m = redis.pcall('HMGET', PREFIX .. 'msg:' .. id, ...)
  if not m.err then return m end
  if string.sub(m.err, 1, 9) == 'WRONGTYPE' then return {} end
  error(m)
end`,
  ],
  [
    "dropOrphan",
    `
-- Drops the entries of a message that another program has deleted or the server has evicted. Its channel
-- and agent may be unknown.
local function dropOrphan(id, channel, agent)
  local seq = call('ZSCORE', PREFIX .. 'unacked', id) or call('ZSCORE', PREFIX .. 'acked', id)
  for _, index in ipairs({ 'unacked', 'acked', 'broadcasts', 'expiry' }) do
    call('ZREM', PREFIX .. index, id)
  end
  if agent then call('ZREM', PREFIX .. 'target:' .. agent, id) end
  if not seq then return end
  call('INCR', PREFIX .. 'lost')
  if channel then call('XDEL', PREFIX .. 'stream:' .. channel, streamId(seq)) end
end`,
  ],
  [
    "dropDelivery",
    `
-- Drops the delivery of a message that is gone, or that was replaced by one with another member.
local function dropDelivery(agent, channel, member, seq)
  call('ZREM', PREFIX .. 'pending:' .. agent, member)
  if channel then
    local queue = queueName(agent, channel)
    call('ZREM', PREFIX .. 'leased:' .. queue, member)
    call('ZREM', PREFIX .. 'ready:' .. queue, member)
  end
  if not seq then dropOrphan(idOf(member), channel, agent) end
end`,
  ],
  [
    "settle",
    `
-- Whether an agent has a pending delivery of a broadcast.
local function isOpen(channel, member)
  local cursor = '0'
  repeat
    local reply = call('SSCAN', PREFIX .. 'subs:' .. channel, cursor, 'COUNT', 50)
    for _, agent in ipairs(reply[2]) do
      if call('ZSCORE', PREFIX .. 'pending:' .. agent, member) then return true end
    end
    cursor = reply[1]
  until cursor == '0'
  return false
end
-- Indexes a message of which no delivery is pending any more: as done, or as a dead letter. Such messages
-- are trimmed before those that wait.
local function settle(id, channel, seq, isBroadcast, isDead)
  if isBroadcast then
    if isOpen(channel, seq .. id) then return end
    local key = PREFIX .. 'msg:' .. id
    if isDead then call('HSET', key, 'died', '1') else isDead = call('HEXISTS', key, 'died') == 1 end
  end
  call('ZADD', PREFIX .. (isDead and 'lapsed:' or 'done:') .. channel, seq, id)
end`,
  ],
  [
    "remove",
    `
-- Removes a message with its deliveries. False if there is none. Also returns whether it had expired.
local function remove(id, isTrimmed)
  local key = PREFIX .. 'msg:' .. id
  local m = fieldsOf(id, 'channel', 'source', 'target', 'seq', 'expires', 'acked', 'op', 'created')
  local channel, source, target, seq = m[1], m[2], m[3], m[4]
  if not (channel and source and seq) then
    dropOrphan(id)
    return false
  end
  local member, stream = seq .. id, PREFIX .. 'stream:' .. channel
  call('XDEL', stream, streamId(seq))
  if call('XLEN', stream) == 0 then call('DEL', stream) end
  call('ZREM', PREFIX .. (m[6] and 'acked' or 'unacked'), id)
  call('ZREM', PREFIX .. 'done:' .. channel, id)
  call('ZREM', PREFIX .. 'lapsed:' .. channel, id)
  call('ZREM', PREFIX .. 'source:' .. source, id)
  if m[5] then call('ZREM', PREFIX .. 'expiry', id) end
  local agents
  if target then
    call('ZREM', PREFIX .. 'target:' .. target, id)
    agents = { target }
  else
    call('ZREM', PREFIX .. 'broadcasts', id)
    agents = call('SMEMBERS', PREFIX .. 'subs:' .. channel)
  end
  for _, agent in ipairs(agents) do
    if m[6] then
      -- It has no pending delivery.
    elseif not withdraw(agent, channel, member) then
      call('ZREM', PREFIX .. 'dead:' .. agent, member)
    elseif isTrimmed then
      call('INCR', PREFIX .. 'missed:' .. queueName(agent, channel))
    end
  end
  call('DEL', key)
  -- Its publisher may repeat the call if the reply was lost.
  local left = tonumber(string.sub(seq, 1, 13)) + DEDUP_MS - now
  if left > 0 then
    local what = (m[8] or string.sub(seq, 1, 13)) .. ' ' .. (m[5] or '-') .. ' ' .. seq
    call('SET', PREFIX .. 'gone:' .. (m[7] or id), what, 'PX', integer(left))
  end
  return true, isExpired(m[5])
end`,
  ],
  [
    "expire",
    `
-- Removes expired messages. True if there are more.
local function expire(most)
  local due = call('ZRANGE', PREFIX .. 'expiry', '-inf', integer(now), 'BYSCORE', 'LIMIT', 0, most)
  for _, id in ipairs(due) do remove(id) end
  return #due == most
end`,
  ],
  [
    "expireLeases",
    `
-- Ends up to 100 leases that are over. True if there may be more.
local function expireLeases(maxAttempts)
  local queue = call('ZRANGE', PREFIX .. 'due', '-inf', integer(now), 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not queue then return false end
  local length = string.match(queue, '^(%d+):')
  local agent = string.sub(queue, #length + 2, #length + 1 + length)
  local channel = string.sub(queue, #length + 3 + length)
  local leased, hasReady = PREFIX .. 'leased:' .. queue, false
  for _, member in ipairs(call('ZRANGE', leased, '-inf', integer(now), 'BYSCORE', 'LIMIT', 0, 100)) do
    local m = fieldsOf(idOf(member), 'seq', 'priority', 'n:' .. agent, 'target')
    if not m[1] or m[1] .. idOf(member) ~= member then
      dropDelivery(agent, channel, member, m[1])
    elseif tonumber(m[3] or 0) >= maxAttempts then
      call('ZREM', leased, member)
      call('ZREM', PREFIX .. 'pending:' .. agent, member)
      call('ZADD', PREFIX .. 'dead:' .. agent, integer(now), member)
      settle(idOf(member), channel, m[1], not m[4], true)
    else
      call('ZREM', leased, member)
      call('ZADD', PREFIX .. 'ready:' .. queue, -tonumber(m[2] or 0), member)
      hasReady = true
    end
  end
  local first = call('ZRANGE', leased, 0, 0, 'WITHSCORES')
  if first[1] then
    call('ZADD', PREFIX .. 'due', first[2], queue)
  else
    call('ZREM', PREFIX .. 'due', queue)
  end
  if hasReady then notify(channel, agent) end
  return true
end`,
  ],
  [
    "read",
    `
-- A message as the reply has it, from the view of an agent. Nil if there is none.
local function read(id, agent)
  local m = fieldsOf(id, 'channel', 'source', 'target', 'payload', 'metadata',
    'priority', 'created', 'updated', 'expires', 'seq', 'acked', 'n:' .. agent, 'k:' .. agent)
  if not (m[1] and m[2] and m[4] and m[10]) then
    dropOrphan(id)
    return nil
  end
  if isExpired(m[9]) then
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
    "readDelivery",
    `
-- The message of a delivery. Nil if there is none, or if the message was replaced; the delivery is dropped.
local function readDelivery(agent, channel, member)
  local id = idOf(member)
  local message = read(id, agent)
  if message and message[11] .. id == member then return message end
  dropDelivery(agent, message and message[2] or channel, member, message and message[11])
end`,
  ],
  [
    "removeDue",
    `
-- Removes expired messages and ends leases. True if there are more.
local function removeDue(maxAttempts)
  if expire(200) then return true end
  for _ = 1, 5 do
    if not expireLeases(maxAttempts) then return false end
  end
  return true
end`,
  ],
  [
    "find",
    `
-- The delivery of a message to an agent, by default to its target, or nil and the outcome.
local function find(id, agent)
  local m = fieldsOf(id, 'channel', 'target', 'seq', 'expires', 'acked', 'k:' .. agent, 'priority')
  if not (m[1] and m[3]) then
    dropOrphan(id)
    return nil, 'absent'
  end
  if isExpired(m[4]) then
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

/** Flags of scripts that free memory or serve consumers: they run when the memory is full. */
export const ALLOW_OOM = "#!lua flags=allow-oom\n";
/** Flags of scripts that need memory. */
export const DENY_OOM = "#!lua\n";
const PRELUDE = "local PREFIX = string.sub(KEYS[1], 1, -4)\nlocal call = redis.call\n";

/** Makes a script of its flags, the fragments that it uses, and its text. */
export function script(flags: string, text: string): string {
  let source = text;
  for (const [name, fragment] of FRAGMENTS.toReversed()) {
    if (new RegExp(`\\b${name}\\b`).test(source)) source = `${fragment}\n${source}`;
  }
  return flags + PRELUDE + source;
}
