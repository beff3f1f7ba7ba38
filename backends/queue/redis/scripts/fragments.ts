/**
 * The Lua functions that scripts share.
 *
 * @module
 */

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
export const ALLOW_OOM = "#!lua flags=allow-oom\n";
export const DENY_OOM = "#!lua\n";
const PRELUDE = "local P = string.sub(KEYS[1], 1, -4)\nlocal call = redis.call\n";

/** A script: how it begins, the pieces that it uses, and its text. */
export function script(flags: string, text: string): string {
  let source = text;
  for (const [name, fragment] of FRAGMENTS.toReversed()) {
    if (new RegExp(`\\b${name}\\b`).test(source)) source = `${fragment}\n${source}`;
  }
  return flags + PRELUDE + source;
}
