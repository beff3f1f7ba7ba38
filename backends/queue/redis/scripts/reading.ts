/**
 * The scripts that read messages by agent or id.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Returns the pending messages of an agent, or nil if the call must be repeated. */
export const pending: string = script(
  ALLOW_OOM,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if removeDue(maxAttempts) then return nil end
local all, queue = PREFIX .. 'pending:' .. agent, queueName(agent, channel)
local members = call('ZRANGE', channel == '' and all or PREFIX .. 'ready:' .. queue, 0, limit - 1)
local leased = channel == '' and {} or call('ZRANGE', PREFIX .. 'leased:' .. queue, 0, -1)
if #leased > 0 then
  local scores = {}
  for _, member in ipairs(leased) do members[#members + 1] = member end
  for _, member in ipairs(members) do scores[member] = tonumber(call('ZSCORE', all, member)) end
  table.sort(members, function(a, b)
    if scores[a] == scores[b] then return a < b end
    return scores[a] < scores[b]
  end)
end
local found = {}
for i = 1, math.min(limit, #members) do
  local message = read(idOf(members[i]), agent)
  if message then
    -- A delivery without attempts has no lease.
    local from = message[13] ~= '0' and PREFIX .. 'leased:' .. queueName(agent, message[2])
    message[14] = from and call('ZSCORE', from, members[i]) or ''
    found[#found + 1] = message
  end
end
return found
`,
);

/** Returns the dead letters of an agent, or nil if the call must be repeated. */
export const deadLetters: string = script(
  ALLOW_OOM,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if removeDue(maxAttempts) then return nil end
local found = {}
for _, member in ipairs(call('ZRANGE', PREFIX .. 'dead:' .. agent, 0, -1)) do
  if #found == limit then break end
  local isWanted = channel == '' or call('HGET', PREFIX .. 'msg:' .. idOf(member), 'channel') == channel
  local message = isWanted and read(idOf(member), agent)
  if message then
    message[14] = ''
    found[#found + 1] = message
  end
end
return found
`,
);

/** Returns a message, or nil. */
export const get: string = script(ALLOW_OOM, "return read(ARGV[3], ARGV[4])");
