/**
 * The scripts that remove messages.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Removes a message. Returns 1 if there was one. */
export const remove: string = script(
  ALLOW_OOM,
  `
local operation, id = ARGV[3], ARGV[4]
local saved = call('GET', PREFIX .. 'op:' .. operation)
if saved then
  writeMarker()
  return tonumber(saved)
end
if isExpired(call('HGET', PREFIX .. 'msg:' .. id, 'expires')) then
  remove(id)
  return 0
end
if not remove(id) then return 0 end
saveReply(operation, 1)
return 1
`,
);

/** Removes up to `ARGV[4]` messages. Returns how many there were. */
export const clear: string = script(
  ALLOW_OOM,
  `
local operation, most = ARGV[3], tonumber(ARGV[4])
local saved = call('GET', PREFIX .. 'op:' .. operation)
if saved then
  writeMarker()
  return tonumber(saved)
end
while expire(100) do end
local ids = call('ZRANGE', PREFIX .. 'unacked', 0, most - 1)
if #ids == 0 then ids = call('ZRANGE', PREFIX .. 'acked', 0, most - 1) end
for _, id in ipairs(ids) do remove(id) end
saveReply(operation, #ids)
return #ids
`,
);

/**
 * Removes expired messages and ends leases. Returns `{ 1 if there are more, how many notifications the
 * server has refused }`; each is reported once.
 */
export const sweep: string = script(
  ALLOW_OOM,
  `
local hasMore = removeDue(tonumber(ARGV[3]))
local unnotified = call('GET', PREFIX .. 'unnotified')
if unnotified then call('DEL', PREFIX .. 'unnotified') end
return { hasMore and 1 or 0, tonumber(unnotified or '0') }
`,
);
