/**
 * The scripts that read messages by agent or id.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** The entries of an index that one call checks. */
const STEPS = 500;

/**
 * Returns `{ "done" or the cursor, pending messages... }` in the order of delivery, or nil if the call must
 * be repeated. The cursor is the number of entries that were checked, and the last of them.
 */
export const pending: string = script(
  ALLOW_OOM,
  `
local agent, channel, limit = ARGV[5], ARGV[6], tonumber(ARGV[7])
if removeDue() then return nil end
local all, found = PREFIX .. 'pending:' .. agent, {}
local first, last = string.match(ARGV[8], '^(%d+) ?(.*)$')
first = last ~= '' and call('ZRANK', all, last) or tonumber(first) - 1
first = first + 1


-- The deliveries of the channel in their order, if they are few: those with a lease have an index by time.
local function ofChannel()
  local queue = queueName(agent, channel)
  local leased = PREFIX .. 'leased:' .. queue
  if channel == '' or limit + call('ZCARD', leased) > ${STEPS} then return nil end
  if call('EXISTS', PREFIX .. 'keyed:' .. queue, PREFIX .. 'later:' .. queue) > 0 then return nil end
  local members, scores = call('ZRANGE', PREFIX .. 'ready:' .. queue, 0, limit - 1), {}
  for _, member in ipairs(call('ZRANGE', leased, 0, -1)) do members[#members + 1] = member end
  for _, member in ipairs(members) do scores[member] = tonumber(call('ZSCORE', all, member) or 0) end
  table.sort(members, function(a, b)
    if scores[a] == scores[b] then return a < b end
    return scores[a] < scores[b]
  end)
  return members
end

local few = ofChannel()
local members = few or call('ZRANGE', all, first, first + ${STEPS} - 1)
for _, member in ipairs(members) do
  if #found == limit then break end
  local of = (few or channel == '') and channel or fieldsOf(idOf(member), { CHANNEL })[1]
  local message = (of == channel or not of) and readDelivery(agent, few and channel, member)
  if message then
    -- A delivery without attempts has no lease.
    local queue = message[15] ~= '0' and queueName(agent, message[2])
    message[15], message[16] = attemptsOf(message[15])
    message[17] = queue and call('ZSCORE', PREFIX .. 'leased:' .. queue, member) or ''
    message[18] = message[16] == '' and queue and call('ZSCORE', PREFIX .. 'later:' .. queue, member) or ''
    found[#found + 1] = message
  end
  last = member
end
if few or #found == limit or #members < ${STEPS} then return { 'done', unpack(found) } end
return { integer(first + ${STEPS}) .. ' ' .. last, unpack(found) }
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
