/**
 * The scripts that add and remove the subscribers of a channel.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/**
 * Subscribes an agent to the broadcasts of a channel, and delivers the older ones if it asks for them.
 * Returns `{ 1 if there are more of them to deliver, the time }`: any later call continues.
 */
export const register: string = script(
  ALLOW_OOM,
  `
local channel, agent, isFromOldest = ARGV[5], ARGV[6], ARGV[7] == '1'
local stream, backlog = PREFIX .. 'stream:' .. channel, PREFIX .. 'backlog:' .. queueName(agent, channel)
local isNew = call('SADD', PREFIX .. 'subs:' .. channel, agent) == 1
if isNew then call('ZADD', PREFIX .. 'channels', 0, channel) end
if isNew and isFromOldest then
  local last = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if last then call('SET', backlog, '- ' .. last[1]) end
end
local from, to = string.match(call('GET', backlog) or '', '^(%S+) (%S+)$')
if not from then return { 0, integer(now) } end
local entries = call('XRANGE', stream, from, to, 'COUNT', 500)
for _, entry in ipairs(entries) do
  local id = entry[2][2]
  local m = fieldsOf(id, { TARGET, SEQ, PRIORITY, EXPIRES, SETTINGS, DUE }, 'k:' .. agent)
  local isFor = m[2] and streamId(m[2]) == entry[1] and not m[1] and not m[7] and not (m[6] and tonumber(m[6]) > now)
  if isFor and not isExpired(m[4]) then
    deliver(agent, channel, m[2] .. id, m[3] or '0', settingsOf(m[5]).k)
    call('ZREM', PREFIX .. 'heard:' .. channel, id)
    call('ZREM', PREFIX .. 'lapsed:' .. channel, id)
  end
end
flush()
if #entries < 500 then
  call('DEL', backlog)
  return { 0, integer(now) }
end
call('SET', backlog, '(' .. entries[#entries][1] .. ' ' .. to)
return { 1, integer(now) }
`,
);

/**
 * Removes a subscriber, and some of its pending broadcasts from a cursor on. Returns `{ 1 if there was one,
 * "done" or the next cursor }`.
 */
export const unsubscribe: string = script(
  ALLOW_OOM,
  `
local operation, channel, agent = ARGV[5], ARGV[6], ARGV[7]
local at, cursor = string.match(ARGV[8], '^(%d) (%d+)$')
local known = call('GET', PREFIX .. 'op:' .. operation)
if known then
  writeMarker()
else
  known = call('SREM', PREFIX .. 'subs:' .. channel, agent)
  saveReply(operation, known)
end
if tonumber(known) == 0 then return { 0, 'done' } end
local queue = queueName(agent, channel)
call('DEL', PREFIX .. 'missed:' .. queue, PREFIX .. 'backlog:' .. queue)
local keys = { 'keyed:' .. queue, 'ready:' .. queue, 'leased:' .. queue, 'later:' .. queue, 'died:' .. queue }
local reply = call(at == '1' and 'HSCAN' or 'ZSCAN', PREFIX .. keys[tonumber(at)], cursor, 'COUNT', 300)
for i = 1, #reply[2], 2 do
  local member = reply[2][i]
  local m = member ~= '' and fieldsOf(idOf(member), { CHANNEL, TARGET, SEQ, SETTINGS }) or {}
  if m[1] == channel and m[3] and not m[2] then
    if at == '5' then
      if exhume(agent, channel, member) then
        call('ZREM', PREFIX .. 'lapsed:' .. channel, idOf(member))
        call('HDEL', PREFIX .. 'msg:' .. idOf(member), 'n:' .. agent, 'd:' .. agent)
        settle(idOf(member), channel, m[3], true)
      end
    elseif withdraw(agent, channel, member, settingsOf(m[4]).k) then
      call('HDEL', PREFIX .. 'msg:' .. idOf(member), 'n:' .. agent)
      settle(idOf(member), channel, m[3], true)
    end
  end
end
if reply[1] ~= '0' then return { 1, at .. ' ' .. reply[1] } end
if at ~= '5' then return { 1, (at + 1) .. ' 0' } end
-- A subscription of the agent that still lives registers again.
notify(channel, agent)
return { 1, 'done' }
`,
);
