/**
 * The scripts that read messages by agent or id.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Answers messages, or nothing if it has to be asked again. */
export const pending: string = script(
  ALLOW_OOM,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if clean(maxAttempts) then return nil end
local all, where = P .. 'pending:' .. agent, place(agent, channel)
local members = call('ZRANGE', channel == '' and all or P .. 'ready:' .. where, 0, limit - 1)
local leased = channel == '' and {} or call('ZRANGE', P .. 'leased:' .. where, 0, -1)
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
    -- What was never taken is not leased.
    local from = message[13] ~= '0' and P .. 'leased:' .. place(agent, message[2])
    message[14] = from and call('ZSCORE', from, members[i]) or ''
    found[#found + 1] = message
  end
end
return found
`,
);

/** Answers messages, or nothing if it has to be asked again. */
export const deadLetters: string = script(
  ALLOW_OOM,
  `
local agent, channel, limit, maxAttempts = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if clean(maxAttempts) then return nil end
local found = {}
for _, member in ipairs(call('ZRANGE', P .. 'dead:' .. agent, 0, -1)) do
  if #found == limit then break end
  local isWanted = channel == '' or call('HGET', P .. 'msg:' .. idOf(member), 'channel') == channel
  local message = isWanted and read(idOf(member), agent)
  if message then
    message[14] = ''
    found[#found + 1] = message
  end
end
return found
`,
);

export const get: string = script(ALLOW_OOM, "return read(ARGV[3], ARGV[4])");
