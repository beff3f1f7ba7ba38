/**
 * The scripts that read messages by agent or id.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** The entries of an index that one call checks. */
const STEPS = 500;

/**
 * Returns `{ "done" or the cursor, pending messages... }`, the first `ARGV[7]` of those that one call looks at, in the
 * order of delivery. Nil if the call must be repeated. With `ARGV[9]`, a priority and a sequence number, only messages
 * before that. A message that moves between two calls may be in both replies.
 */
export const pending: string = script(
  ALLOW_OOM,
  `
local agent, channel, limit, cursor = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
if removeDue() then return nil end
local KINDS = { 'ready:', 'leased:', 'later:', 'keyed:' }
local candidates, seen, steps = {}, {}, 0
local function isBefore(a, b)
  if a.priority ~= b.priority then return a.priority > b.priority end
  return a.member < b.member
end
local boundPriority, boundSeq = string.match(ARGV[9], '^(%S+) (%d+)$')
local bound = boundSeq and { priority = tonumber(boundPriority), member = boundSeq }
local function consider(of, member, priority)
  local each = { channel = of, member = member, priority = priority }
  if seen[member] or (bound and not isBefore(each, bound)) then return end
  seen[member] = true
  candidates[#candidates + 1] = each
end

-- Where the last call has stopped: the channel, one of its sets, and the place in that.
local of, kind, position, last
if cursor ~= '' then of, kind, position, last = unpack(cjson.decode(cursor)) end
local function goTo(nextOf, nextKind) of, kind, position, last = nextOf, nextKind, '0', '' end
local function goToNextChannel()
  if channel ~= '' then return goTo(not of and channel or nil, 1) end
  local first = of and '(' .. of or '-'
  goTo(call('ZRANGE', PREFIX .. 'pending:' .. agent, first, '+', 'BYLEX', 'LIMIT', 0, 1)[1], 1)
end

-- They are in their order, so no more than the limit count.
local function lookAtReady(queue)
  local ready, first = PREFIX .. 'ready:' .. queue, tonumber(position)
  if last ~= '' then first = (call('ZRANK', ready, last) or first - 1) + 1 end
  local most = math.min(limit, ${STEPS})
  local found = call('ZRANGE', ready, first, first + most - 1, 'WITHSCORES')
  for i = 1, #found, 2 do consider(of, found[i], -tonumber(found[i + 1])) end
  local count = #found / 2
  if count < most or first + count >= limit then
    goTo(of, 2)
  else
    position, last = integer(first + count), found[#found - 1]
  end
  return count
end

local function lookAtOthers(queue)
  local key = PREFIX .. KINDS[kind] .. queue
  if call('EXISTS', key) == 0 then
    goTo(of, kind + 1)
    return 0
  end
  local reply = call(kind == 4 and 'HSCAN' or 'ZSCAN', key, position, 'COUNT', 200)
  for i = 1, #reply[2], 2 do
    local member = reply[2][i]
    local m = member ~= '' and fieldsOf(idOf(member), { SEQ, PRIORITY })
    if m and m[1] and m[1] .. idOf(member) == member then
      consider(of, member, tonumber(m[2] or 0))
    elseif m then
      dropDelivery(agent, of, member, m[1])
    end
  end
  position = reply[1]
  if position == '0' then goTo(of, kind + 1) end
  return #reply[2] / 2
end

if not of then goToNextChannel() end
local count = 0
while of and steps < ${STEPS} do
  local queue = queueName(agent, of)
  local looked = kind == 1 and lookAtReady(queue) or kind > 1 and lookAtOthers(queue) or 0
  count, steps = count + looked, steps + looked + 1
  if kind > 4 then
    if count == 0 and channel == '' then forget(agent, of) end
    count = 0
    goToNextChannel()
  end
end

table.sort(candidates, isBefore)
local found, hasDropped = {}, false
for _, each in ipairs(candidates) do
  if #found == limit then break end
  local message = readDelivery(agent, each.channel, each.member)
  if message then
    -- A delivery without attempts has no lease.
    local queue = message[15] ~= '0' and queueName(agent, each.channel)
    message[15], message[16] = attemptsOf(message[15])
    message[17] = queue and call('ZSCORE', PREFIX .. 'leased:' .. queue, each.member) or ''
    message[18] = message[16] == '' and queue and call('ZSCORE', PREFIX .. 'later:' .. queue, each.member) or ''
    found[#found + 1] = message
  else
    hasDropped = true
  end
end
if hasDropped then return nil end
return { of and cjson.encode({ of, kind, position, last }) or 'done', unpack(found) }
`,
);

/**
 * Returns `{ "done" or the cursor, dead letters... }`, the oldest first, or nil if the call must be
 * repeated. One call takes a limited number of steps.
 */
export const deadLetters: string = script(
  ALLOW_OOM,
  `
local agent, channel, limit = ARGV[5], ARGV[6], tonumber(ARGV[7])
if removeDue() then return nil end
local dead, first, found = PREFIX .. 'dead:' .. agent, tonumber(ARGV[8]), {}
local members = call('ZRANGE', dead, first, first + ${STEPS} - 1)
for _, member in ipairs(members) do
  if #found == limit then break end
  first = first + 1
  local message = readDelivery(agent, nil, member)
  if not message then
    call('ZREM', dead, member)
    first = first - 1
  elseif channel == '' or message[2] == channel then
    message[15], message[16] = attemptsOf(message[15])
    message[17], message[18] = '', ''
    message[19] = call('HGET', PREFIX .. 'msg:' .. message[1], 'd:' .. agent) or ''
    message[20] = call('ZSCORE', dead, member)
    found[#found + 1] = message
  end
end
return { (#found == limit or #members < ${STEPS}) and 'done' or tostring(first), unpack(found) }
`,
);

/** Returns `{ "done" or the cursor, messages... }`, those that are published for later, the next one first. */
export const delayed: string = script(
  ALLOW_OOM,
  `
local channel, limit, first, found = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), {}
if removeDue() then return { '0' } end
local all = PREFIX .. (channel == '' and 'delayed' or 'delayed:' .. channel)
local members = call('ZRANGE', all, first, first + ${STEPS} - 1)
for _, member in ipairs(members) do
  if #found == limit then break end
  local message = read(idOf(member), '')
  if message and message[11] .. message[1] == member then
    first = first + 1
    found[#found + 1] = message
  else
    call('ZREM', all, member)
  end
end
return { (#found == limit or #members < ${STEPS}) and 'done' or tostring(first), unpack(found) }
`,
);

/** Returns the result of a message, or nil. */
export const result: string = script(
  ALLOW_OOM,
  "return call('GET', PREFIX .. 'result:' .. ARGV[5])",
);

/** Returns a message, or nil. */
export const get: string = script(ALLOW_OOM, "return read(ARGV[5], ARGV[6])");
