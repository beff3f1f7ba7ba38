/**
 * The scripts that prepare a namespace.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** The layout that the scripts of this version read and write. */
export const LAYOUT = 3;

/**
 * Stores the number of partitions, and the layout of an empty namespace, unless they are stored. Returns the stored
 * ones. What has no layout is of the first one.
 */
export const agree: string = script(
  ALLOW_OOM,
  `
local isNew = call('SET', PREFIX .. 'partitions', ARGV[5], 'NX')
if isNew or call('EXISTS', KEYS[1]) == 0 then call('SET', PREFIX .. 'version', '${LAYOUT}', 'NX') end
return { call('GET', PREFIX .. 'partitions'), call('GET', PREFIX .. 'version') or '1' }
`,
);

/** Adds messages to the indexes for filters, from a cursor on. Returns the next one, or "done". */
export const index: string = script(
  ALLOW_OOM,
  `
if call('GET', PREFIX .. 'indexed') == '2' then return 'done' end
call('SET', PREFIX .. 'indexed', '1')
local cursor = visitAll(ARGV[5] ~= '' and ARGV[5] or FIRST_ENTRY, 100, function(id, channel, seq)
  local m = fieldsOf(id, { SEQ, SOURCE, TARGET })
  if m[1] ~= seq then return end
  add('source:' .. m[2], seq, id)
  add(m[3] and 'target:' .. m[3] or 'broadcasts', seq, id)
end)
flush()
if cursor == 'done' then call('SET', PREFIX .. 'indexed', '2') end
return cursor
`,
);

/**
 * Converts messages of an older layout, from a cursor on. Returns the next one, or "done". The first layout had a
 * field for each value of a message, and indexes for all filters. The second one had indexes of all messages, of those
 * of each agent that are pending, and a set of channels.
 */
export const migrate: string = script(
  ALLOW_OOM,
  `
local OLD = { 'seq', 'channel', 'source', 'target', 'priority', 'expires', 'metadata', '', '', 'created', 'updated',
  'op' }
local function repack(id)
  local key = PREFIX .. 'msg:' .. id
  local reply = redis.pcall('HMGET', key, unpack(OLD))
  if reply.err or not (reply[1] and reply[2] and reply[3]) then return end
  call('SET', PREFIX .. 'indexed', '2')
  local last = 0
  for i = 1, #OLD do
    if reply[i] then last = i else reply[i] = '' end
  end
  call('HSET', key, 'm', cmsgpack.pack(unpack(reply, 1, last)))
  call('HDEL', key, unpack(OLD))
  call('HINCRBY', PREFIX .. 'counts:' .. reply[2], 'p', 1)
end
local function visit(id)
  repack(id)
  local m = fieldsOf(id, { SEQ, CHANNEL, TARGET }, 'acked')
  local seq, channel, target = m[1], m[2], m[3]
  if not (seq and channel) then return end
  call('ZADD', PREFIX .. 'channels', 0, channel)
  local done = PREFIX .. 'done:' .. channel
  if m[4] then
    call('ZADD', done, seq, id)
  elseif not target and call('ZREM', done, id) == 1 then
    call('ZADD', PREFIX .. 'heard:' .. channel, seq, id)
  end
  for _, agent in ipairs(target and { target } or call('SMEMBERS', PREFIX .. 'subs:' .. channel)) do
    call('ZREM', PREFIX .. 'pending:' .. agent, seq .. id)
    local diedMs = call('ZSCORE', PREFIX .. 'dead:' .. agent, seq .. id)
    if diedMs then call('ZADD', PREFIX .. 'died:' .. queueName(agent, channel), diedMs, seq .. id) end
    know(agent, channel, queueName(agent, channel))
  end
end

local OLD_CHANNELS = PREFIX .. 'channels:old'
if call('TYPE', PREFIX .. 'channels').ok == 'set' then call('RENAME', PREFIX .. 'channels', OLD_CHANNELS) end
local at, cursor = string.match(ARGV[5] ~= '' and ARGV[5] or '1 0', '^(%d) (%d+)$')
local SETS = { 'unacked', 'acked', 'channels:old' }
local key = PREFIX .. SETS[tonumber(at)]
local reply = call(at == '3' and 'SSCAN' or 'ZSCAN', key, cursor, 'COUNT', 100)
if at == '3' then
  for _, channel in ipairs(reply[2]) do call('ZADD', PREFIX .. 'channels', 0, channel) end
else
  for i = 1, #reply[2], 2 do visit(reply[2][i]) end
end
if reply[1] ~= '0' then return at .. ' ' .. reply[1] end
call('UNLINK', key)
return at == '3' and 'done' or (at + 1) .. ' 0'
`,
);

/** Notes that the namespace has the layout of this version. */
export const setLayout: string = script(
  ALLOW_OOM,
  `
call('SET', PREFIX .. 'version', '${LAYOUT}')
return 1
`,
);
