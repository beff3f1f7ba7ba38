/**
 * The scripts that add and remove the subscribers of a channel.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Subscribes an agent to the broadcasts of a channel. */
export const register: string = script(
  ALLOW_OOM,
  `
local channel, agent, isFromOldest = ARGV[3], ARGV[4], ARGV[5] == '1'
if call('SADD', PREFIX .. 'subs:' .. channel, agent) == 0 or not isFromOldest then return 0 end
for _, entry in ipairs(call('XRANGE', PREFIX .. 'stream:' .. channel, '-', '+')) do
  local id = entry[2][2]
  local m = call('HMGET', PREFIX .. 'msg:' .. id, 'target', 'seq', 'priority', 'expires')
  if m[2] and not m[1] and not isExpired(m[4]) then
    deliver(agent, channel, m[2] .. id, m[3] or '0')
  end
end
flush()
return 1
`,
);

/** Removes a subscriber with its pending broadcasts. Returns 1 if there was one. */
export const unsubscribe: string = script(
  ALLOW_OOM,
  `
local operation, channel, agent = ARGV[3], ARGV[4], ARGV[5]
local saved = call('GET', PREFIX .. 'op:' .. operation)
if saved then return tonumber(saved) end
local known = call('SREM', PREFIX .. 'subs:' .. channel, agent)
if known == 1 then
  for _, kind in ipairs({ 'ready:', 'leased:' }) do
    for _, member in ipairs(call('ZRANGE', PREFIX .. kind .. queueName(agent, channel), 0, -1)) do
      if call('HEXISTS', PREFIX .. 'msg:' .. idOf(member), 'target') == 0 then
        withdraw(agent, channel, member)
      end
    end
  end
  for _, member in ipairs(call('ZRANGE', PREFIX .. 'dead:' .. agent, 0, -1)) do
    local m = call('HMGET', PREFIX .. 'msg:' .. idOf(member), 'channel', 'target')
    if m[1] == channel and not m[2] then call('ZREM', PREFIX .. 'dead:' .. agent, member) end
  end
  call('DEL', PREFIX .. 'missed:' .. queueName(agent, channel))
end
saveReply(operation, known)
return known
`,
);
