/**
 * The script that stores messages.
 *
 * @module
 */

import { DENY_OOM, script } from "./fragments.ts";

/** Messages of one call: `ARGV` from 3 is the limit of a channel, then 13 for each message. */
export const store: string = script(
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
