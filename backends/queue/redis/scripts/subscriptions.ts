/**
 * The scripts that add and remove the subscribers of a channel.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

export const register: string = script(
  ALLOW_OOM,
  `
local channel, agent, isFromOldest = ARGV[3], ARGV[4], ARGV[5] == '1'
if call('SADD', P .. 'subs:' .. channel, agent) == 0 or not isFromOldest then return 0 end
for _, entry in ipairs(call('XRANGE', P .. 'stream:' .. channel, '-', '+')) do
  local id = entry[2][2]
  local m = call('HMGET', P .. 'msg:' .. id, 'target', 'seq', 'priority', 'expires')
  if m[2] and not m[1] and not isOver(m[4]) then
    deliver(agent, channel, m[2] .. id, m[3] or '0')
  end
end
flush()
return 1
`,
);

export const unsubscribe: string = script(
  ALLOW_OOM,
  `
local operation, channel, agent = ARGV[3], ARGV[4], ARGV[5]
local memo = call('GET', P .. 'op:' .. operation)
if memo then return tonumber(memo) end
local known = call('SREM', P .. 'subs:' .. channel, agent)
if known == 1 then
  for _, kind in ipairs({ 'ready:', 'leased:' }) do
    for _, member in ipairs(call('ZRANGE', P .. kind .. place(agent, channel), 0, -1)) do
      if call('HEXISTS', P .. 'msg:' .. idOf(member), 'target') == 0 then
        withdraw(agent, channel, member)
      end
    end
  end
  for _, member in ipairs(call('ZRANGE', P .. 'dead:' .. agent, 0, -1)) do
    local m = call('HMGET', P .. 'msg:' .. idOf(member), 'channel', 'target')
    if m[1] == channel and not m[2] then call('ZREM', P .. 'dead:' .. agent, member) end
  end
  call('DEL', P .. 'missed:' .. place(agent, channel))
end
remember(operation, known)
return known
`,
);
