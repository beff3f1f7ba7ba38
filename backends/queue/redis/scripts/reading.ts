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
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if removeDue(maxAttempts) then return nil end
local all, found = PREFIX .. 'pending:' .. agent, {}
local first, last = string.match(ARGV[7], '^(%d+) ?(.*)$')
first = last ~= '' and call('ZRANK', all, last) or tonumber(first) - 1
first = first + 1


-- The deliveries of the channel in their order, if they are few: those with a lease have an index by time.
local function ofChannel()
  local queue = queueName(agent, channel)
  local leased = PREFIX .. 'leased:' .. queue
  if channel == '' or limit + call('ZCARD', leased) > ${STEPS} then return nil end
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
  local of = (few or channel == '') and channel or fieldsOf(idOf(member), 'channel')[1]
  local message = (of == channel or not of) and readDelivery(agent, few and channel, member)
  if message then
    -- A delivery without attempts has no lease.
    local from = message[13] ~= '0' and PREFIX .. 'leased:' .. queueName(agent, message[2])
    message[14] = from and call('ZSCORE', from, member) or ''
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
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if removeDue(maxAttempts) then return nil end
local dead, first, found = PREFIX .. 'dead:' .. agent, tonumber(ARGV[7]), {}
local members = call('ZRANGE', dead, first, first + ${STEPS} - 1)
for _, member in ipairs(members) do
  if #found == limit then break end
  first = first + 1
  local message = readDelivery(agent, nil, member)
  if not message then
    call('ZREM', dead, member)
    first = first - 1
  elseif channel == '' or message[2] == channel then
    message[14] = ''
    found[#found + 1] = message
  end
end
return { (#found == limit or #members < ${STEPS}) and 'done' or tostring(first), unpack(found) }
`,
);

/** Returns a message, or nil. */
export const get: string = script(ALLOW_OOM, "return read(ARGV[3], ARGV[4])");
