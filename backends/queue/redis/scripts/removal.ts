/**
 * The scripts that remove messages.
 *
 * @module
 */

import { ALLOW_OOM, RETURN_SAVED_NUMBER, script } from "./fragments.ts";

/**
 * Removes a message. With `ARGV[7]`, only one whose sequence number is smaller. Returns 1 if there was one.
 */
export const remove: string = script(
  ALLOW_OOM,
  `
local operation, id = ARGV[5], ARGV[6]
${RETURN_SAVED_NUMBER}
local seq = ARGV[7] ~= '' and fieldsOf(id, { SEQ })[1]
if seq and tonumber(seq) >= tonumber(ARGV[7]) then return 0 end
local wasThere, hadExpired = remove(id)
if not wasThere or hadExpired then return 0 end
saveReply(operation, 1)
return 1
`,
);

/**
 * Removes up to `ARGV[6]` messages from the cursor `ARGV[7]` on. Returns `{ the next cursor or "done", how many there
 * were, how many entries had no message }`.
 */
export const clear: string = script(
  ALLOW_OOM,
  `
local operation, most, cursor = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local saved = call('GET', PREFIX .. 'op:' .. operation)
if saved then
  writeMarker()
  local removed, orphans, to = string.match(saved, '^(%d+) (%d+) (.*)$')
  return { to, tonumber(removed), tonumber(orphans) }
end
local removed, orphans = 0, 0
if not expire(most) then
  cursor = visitAll(cursor, most, function(id, channel, seq)
    local current = fieldsOf(id, { SEQ })[1]
    if current == seq and remove(id) then
      removed = removed + 1
    else
      orphans = orphans + 1
      dropEntry(id, channel, seq, not current)
    end
  end)
end
saveReply(operation, removed .. ' ' .. orphans .. ' ' .. cursor)
return { cursor, removed, orphans }
`,
);

/**
 * Drops the entries without a message from some of the indexes of the partition. `ARGV[5]` is the pattern
 * of its keys, and `ARGV[6]` the cursor. Returns the next cursor, which is "0" at the end.
 */
export const scrub: string = script(
  ALLOW_OOM,
  `
local MOST = 500
local reply = call('SCAN', ARGV[6], 'MATCH', ARGV[5], 'COUNT', 100)
local checked, dropped = 0, 0

-- Drops the members of an index whose messages are gone.
local function scrubSet(key, toId)
  for _, member in ipairs(call('ZRANGE', key, 0, MOST - 1)) do
    checked = checked + 1
    if not fieldsOf(toId(member), { SEQ })[1] then
      dropped = dropped + 1
      call('ZREM', key, member)
    end
  end
end
local function scrubStream(key)
  for _, entry in ipairs(call('XRANGE', key, '-', '+', 'COUNT', MOST)) do
    checked = checked + 1
    if not fieldsOf(entry[2][2], { SEQ })[1] then
      dropped = dropped + 1
      call('XDEL', key, entry[1])
    end
  end
  if call('XLEN', key) == 0 then call('DEL', key) end
end
local function same(id) return id end
local INDEXES = { source = same, target = same, ready = idOf, leased = idOf, dead = idOf, died = idOf, later = idOf,
  line = idOf, delayed = idOf, done = same, heard = same, lapsed = same }

for _, key in ipairs(reply[2]) do
  local kind = string.match(string.sub(key, #PREFIX + 1), '^(%l+):')
  local type = INDEXES[kind] and 'zset' or kind == 'stream' and 'stream'
  if type and call('TYPE', key).ok == type then
    if checked >= MOST then return ARGV[6] end
    if kind == 'stream' then scrubStream(key) else scrubSet(key, INDEXES[kind]) end
  end
end
-- An index may have more entries than were checked.
return dropped >= MOST and ARGV[6] or reply[1]
`,
);

/**
 * Removes expired messages, ends leases, and checks some messages from the cursor `ARGV[5]` on, and some agents of
 * their channels. Returns `{ 1 if there is more that is due, how many notifications the server has refused, how many
 * messages were found lost, the next cursor }`; each notification and message is reported once.
 */
export const sweep: string = script(
  ALLOW_OOM,
  `
local hasMore = removeDue()
local cursor = visitAll(ARGV[5], 400, function(id, channel, seq)
  local current = fieldsOf(id, { SEQ })[1]
  if current ~= seq then dropEntry(id, channel, seq, not current) end
end)
local first = string.match(ARGV[5], '^%S+ (.*)$')
for _, channel in ipairs(call('ZRANGE', PREFIX .. 'channels', first, '+', 'BYLEX', 'LIMIT', 0, 5)) do
  local agents = PREFIX .. 'agents:' .. channel
  for _, agent in ipairs(call('ZRANGE', agents, '-inf', integer(now - 600000), 'BYSCORE', 'LIMIT', 0, 20)) do
    if not forget(agent, channel) then call('ZADD', agents, integer(now), agent) end
  end
end
local function take(name)
  local count = call('GET', PREFIX .. name)
  if count then call('DEL', PREFIX .. name) end
  return tonumber(count or '0')
end
return { hasMore and 1 or 0, take('unnotified'), take('lost'), cursor == 'done' and FIRST_ENTRY or cursor }
`,
);
