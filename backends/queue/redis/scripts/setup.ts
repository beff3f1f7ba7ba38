/**
 * The scripts that prepare a namespace.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** The layout that the scripts of this version read and write. */
export const LAYOUT = 2;

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

/** Walks all messages of a partition, some in each call. `visit` is a Lua function. Returns the next cursor, or "done". */
const WALK = `
local at, cursor = string.match(ARGV[5], '^(%d) (%d+)$')
local reply = call('ZSCAN', PREFIX .. (at == '1' and 'unacked' or 'acked'), cursor, 'COUNT', 100)
for i = 1, #reply[2], 2 do visit(reply[2][i]) end
if reply[1] ~= '0' then return at .. ' ' .. reply[1] end
if at == '1' then return '2 0' end
`;

/** Adds messages to the indexes for filters, from a cursor on. Returns the next one, or "done". */
export const index: string = script(
  ALLOW_OOM,
  `
if call('GET', PREFIX .. 'indexed') == '2' then return 'done' end
call('SET', PREFIX .. 'indexed', '1')
local function visit(id)
  local m = fieldsOf(id, { SEQ, SOURCE, TARGET })
  if not m[1] then return end
  add('source:' .. m[2], m[1], id)
  add(m[3] and 'target:' .. m[3] or 'broadcasts', m[1], id)
end
${WALK.replace("if reply[1]", "flush()\nif reply[1]")}
call('SET', PREFIX .. 'indexed', '2')
return 'done'
`,
);

/** Converts messages of the first layout, from a cursor on. Returns the next one, or "done". */
export const migrate: string = script(
  ALLOW_OOM,
  `
call('SET', PREFIX .. 'indexed', '2')
local OLD = { 'seq', 'channel', 'source', 'target', 'priority', 'expires', 'metadata', '', '', 'created', 'updated',
  'op' }
local function visit(id)
  local key = PREFIX .. 'msg:' .. id
  local reply = redis.pcall('HMGET', key, unpack(OLD))
  if reply.err or not (reply[1] and reply[2] and reply[3]) then return end
  local last = 0
  for i = 1, #OLD do
    if reply[i] then last = i else reply[i] = '' end
  end
  call('HSET', key, 'm', cmsgpack.pack(unpack(reply, 1, last)))
  call('HDEL', key, unpack(OLD))
  local seq, channel, target = reply[1], reply[2], reply[4]
  call('SADD', PREFIX .. 'channels', channel)
  call('HINCRBY', PREFIX .. 'counts:' .. channel, 'p', 1)
  for _, agent in ipairs(target ~= '' and { target } or call('SMEMBERS', PREFIX .. 'subs:' .. channel)) do
    announce(agent, channel)
    local diedMs = call('ZSCORE', PREFIX .. 'dead:' .. agent, seq .. id)
    if diedMs then call('ZADD', PREFIX .. 'died:' .. queueName(agent, channel), diedMs, seq .. id) end
  end
end
${WALK}
return 'done'
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
