/**
 * The scripts that walk an index: `list` and `count`.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Channels that one call walks. */
const MOST_CHANNELS = 50;

/**
 * Walks the smallest index that the filters allow, from a cursor on, the newest message first. Without an index for
 * them, it walks the indexes of some channels together, from the one after `ARGV[10]` on; `following` is the last of
 * them if there are more. One call takes a limited number of steps, so that other clients are served. The next call
 * continues at the cursor.
 */
const WALK = `
local channel, source, target, acked = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local cursor, group = ARGV[9], ARGV[10]
if expire(200) then return { 'again' } end

-- Indexes by number, and those of channels: messages that are acknowledged, or all of them.
local following, lists, isExact, size = '', {}, false, 0
local function addIndex(name) lists[#lists + 1] = { name = name, size = call('ZCARD', PREFIX .. name) } end
local function addChannel(of)
  local name = (acked == '1' and 'done:' or 'stream:') .. of
  local command = acked == '1' and 'ZCARD' or 'XLEN'
  lists[#lists + 1] = { name = name, channel = of, isStream = acked ~= '1', size = call(command, PREFIX .. name) }
end
if (source ~= '' or target ~= '') and isIndexed() == '2' then
  if source ~= '' then addIndex('source:' .. source) end
  if target ~= '' then addIndex(target == '*' and 'broadcasts' or 'target:' .. string.sub(target, 2)) end
  isExact = #lists == 1 and channel == '' and acked == ''
  if channel ~= '' then addChannel(channel) end
  table.sort(lists, function(a, b) return a.size < b.size end)
  lists = { lists[1] }
else
  isExact = source == '' and target == '' and acked ~= '0'
  local channels = { channel }
  if channel == '' then
    local first = group == '' and '-' or '(' .. group
    channels = call('ZRANGE', PREFIX .. 'channels', first, '+', 'BYLEX', 'LIMIT', 0, ${MOST_CHANNELS})
    if #channels == ${MOST_CHANNELS} then following = channels[#channels] end
  end
  for _, each in ipairs(channels) do addChannel(each) end
end
for _, list in ipairs(lists) do size = size + list.size end

-- Ids with their numbers, the newest first.
local function below(list, from, count)
  local key, steps = PREFIX .. list.name, {}
  if list.isStream then
    local first = from == '' and '+' or '(' .. streamId(from)
    for i, entry in ipairs(call('XREVRANGE', key, first, '-', 'COUNT', count)) do
      steps[i] = { entry[2][2], seqOf(entry[1]) }
    end
  else
    local first = from == '' and '+inf' or '(' .. from
    local found = call('ZRANGE', key, first, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, count, 'WITHSCORES')
    for i = 1, #found, 2 do steps[#steps + 1] = { found[i], found[i + 1] } end
  end
  return steps
end

-- The next entry of an index. They are read some at a time.
local function peek(list, count)
  if not list.steps or (list.at > #list.steps and #list.steps == list.count) then
    local last = list.steps and list.steps[#list.steps]
    list.steps, list.at, list.count = below(list, last and last[2] or cursor, count), 1, count
  end
  return list.steps[list.at]
end

local function drop(list, id, seq, isGone)
  if not list.isStream and call('ZSCORE', PREFIX .. list.name, id) == seq then call('ZREM', PREFIX .. list.name, id) end
  if list.channel then dropEntry(id, list.channel, seq, isGone) elseif isGone then dropOrphan(id) end
end

local function isMatch(list, id, seq)
  local m = fieldsOf(id, { CHANNEL, SOURCE, TARGET, SEQ }, 'acked')
  if m[4] ~= seq then
    drop(list, id, seq, not m[4])
    return false
  end
  return (channel == '' or m[1] == channel) and (source == '' or m[2] == source) and
    (target == '' or (m[3] and '=' .. m[3] or '*') == target) and
    (acked == '' or (m[5] and '1' or '0') == acked)
end

local function walk(count, take)
  local each = #lists == 1 and count or math.max(20, math.ceil(count / #lists))
  for _ = 1, count do
    local newest
    for _, list in ipairs(lists) do
      local step = peek(list, each)
      if step and (not newest or step[2] > newest.steps[newest.at][2]) then newest = list end
    end
    if not newest then return true end
    local id, seq = unpack(newest.steps[newest.at])
    newest.at, cursor = newest.at + 1, seq
    if (isExact or isMatch(newest, id, seq)) and take(id, newest) then return true end
  end
  return false
end
`;

/**
 * Returns `{ "again" }`, or `{ "done" or the cursor, the last of the channels if there are more, how many were skipped,
 * messages... }`.
 */
export const list: string = script(
  ALLOW_OOM,
  `${WALK}
local skip, limit, agent = tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13]
local found, skipped = {}, 0
local isDone = walk(isExact and math.min(1000, skip + limit) or 500, function(id, index)
  if skipped < skip then
    skipped = skipped + 1
    return false
  end
  local message = read(id, agent)
  if message and message[11] == cursor then
    found[#found + 1] = message
  else
    drop(index, id, cursor, not message)
  end
  return #found == limit
end)
return { isDone and 'done' or cursor, following, skipped, unpack(found) }
`,
);

/** Returns `{ "again" }`, or `{ "done" or the cursor, the last of the channels if there are more, how many messages }`. */
export const count: string = script(
  ALLOW_OOM,
  `${WALK}
if isExact and size > 500 then return { 'done', following, size } end
if acked == '0' and source == '' and target == '' and size > 500 then
  for _, each in ipairs(lists) do size = size - call('ZCARD', PREFIX .. 'done:' .. each.channel) end
  return { 'done', following, size }
end
-- The messages of a small index are looked at, and what has lost its message is dropped.
isExact = false
local matches = 0
local isDone = walk(500, function() matches = matches + 1 end)
return { isDone and 'done' or cursor, following, matches }
`,
);
