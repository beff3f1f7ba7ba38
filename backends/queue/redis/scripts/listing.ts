/**
 * The scripts that walk an index: `list` and `count`.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/**
 * Walks the smallest index that the filters allow, from a cursor on, the newest message first. One call
 * takes a limited number of steps, so that other clients are served. The next call continues at the
 * cursor.
 */
const WALK = `
local channel, source, target, acked = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local cursor = ARGV[9]
if expire(200) then return { 'again' } end

local indexes = {}
local function filter(isGiven, name)
  if isGiven then indexes[#indexes + 1] = { { name }, call('ZCARD', PREFIX .. name) } end
end
local isComplete = (source ~= '' or target ~= '') and isIndexed() == '2'
filter(isComplete and source ~= '', 'source:' .. source)
filter(isComplete and target ~= '', target == '*' and 'broadcasts' or 'target:' .. string.sub(target, 2))
filter(acked ~= '', acked == '1' and 'acked' or 'unacked')
if channel ~= '' then
  indexes[#indexes + 1] = { 'stream:' .. channel, call('XLEN', PREFIX .. 'stream:' .. channel), true }
end
local isExact = #indexes <= 1 and (isComplete or (source == '' and target == ''))
if #indexes == 0 then
  indexes[1] = { { 'acked', 'unacked' }, call('ZCARD', PREFIX .. 'acked') + call('ZCARD', PREFIX .. 'unacked') }
end
table.sort(indexes, function(a, b) return a[2] < b[2] end)
local names, size, isStream = unpack(indexes[1])

-- Ids with their sequence numbers, the newest first.
local function below(from, count)
  local steps = {}
  if isStream then
    local first = from == '' and '+' or '(' .. streamId(from)
    for i, entry in ipairs(call('XREVRANGE', PREFIX .. names, first, '-', 'COUNT', count)) do
      local ms, us = string.match(entry[1], '(%d+)-(%d+)')
      steps[i] = { entry[2][2], ms .. string.format('%03d', us) }
    end
    return steps
  end
  for _, name in ipairs(names) do
    local found = call('ZRANGE', PREFIX .. name, from == '' and '+inf' or '(' .. from, '-inf', 'BYSCORE', 'REV',
      'LIMIT', 0, count, 'WITHSCORES')
    for i = 1, #found, 2 do steps[#steps + 1] = { found[i], found[i + 1] } end
  end
  if #names > 1 then table.sort(steps, function(a, b) return a[2] > b[2] end) end
  return steps
end

-- Drops the entry of a message that is gone, or that was replaced by one with another sequence number.
local function dropEntry(id, seq, isGone)
  if isGone then dropOrphan(id) end
  if isStream then
    call('XDEL', PREFIX .. names, streamId(seq))
    return
  end
  for _, name in ipairs(names) do
    if call('ZSCORE', PREFIX .. name, id) == seq then call('ZREM', PREFIX .. name, id) end
  end
end

local function isMatch(id, seq)
  local m = fieldsOf(id, { CHANNEL, SOURCE, TARGET, SEQ }, 'acked')
  if m[4] ~= seq then
    dropEntry(id, seq, not m[4])
    return false
  end
  return (channel == '' or m[1] == channel) and (source == '' or m[2] == source) and
    (target == '' or (m[3] and '=' .. m[3] or '*') == target) and
    (acked == '' or (m[5] and '1' or '0') == acked)
end

local function walk(count, take)
  local steps = below(cursor, count)
  for i = 1, math.min(count, #steps) do
    cursor = steps[i][2]
    if (isExact or isMatch(steps[i][1], cursor)) and take(steps[i][1]) then return true end
  end
  return #steps < count
end
`;

/** Returns `{ "again" }`, or `{ "done" or the cursor, how many were skipped, messages... }`. */
export const list: string = script(
  ALLOW_OOM,
  `${WALK}
local skip, limit, agent = tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12]
local found, skipped = {}, 0
local isDone = walk(isExact and math.min(1000, skip + limit) or 500, function(id)
  if skipped < skip then
    skipped = skipped + 1
    return false
  end
  local message = read(id, agent)
  if message and message[11] == cursor then
    found[#found + 1] = message
  else
    dropEntry(id, cursor)
  end
  return #found == limit
end)
return { isDone and 'done' or cursor, skipped, unpack(found) }
`,
);

/** Returns `{ "again" }`, or `{ "done" or the cursor, the number of messages }`. */
export const count: string = script(
  ALLOW_OOM,
  `${WALK}
if isExact and size > 500 then return { 'done', size } end
-- The messages of a small index are looked at, and what has lost its message is dropped.
isExact = false
local matches = 0
local isDone = walk(500, function() matches = matches + 1 end)
return { isDone and 'done' or cursor, matches }
`,
);
