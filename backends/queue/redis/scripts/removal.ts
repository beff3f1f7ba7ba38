/**
 * The scripts that remove messages.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

export const remove: string = script(
  ALLOW_OOM,
  `
local operation, id = ARGV[3], ARGV[4]
local memo = call('GET', P .. 'op:' .. operation)
if memo then
  touch()
  return tonumber(memo)
end
if isOver(call('HGET', P .. 'msg:' .. id, 'expires')) then
  remove(id)
  return 0
end
if not remove(id) then return 0 end
remember(operation, 1)
return 1
`,
);

/** Answers how many were removed; there may be more if it was all that it removes at once. */
export const clear: string = script(
  ALLOW_OOM,
  `
local operation, most = ARGV[3], tonumber(ARGV[4])
local memo = call('GET', P .. 'op:' .. operation)
if memo then
  touch()
  return tonumber(memo)
end
while expire(100) do end
local ids = call('ZRANGE', P .. 'unacked', 0, most - 1)
if #ids == 0 then ids = call('ZRANGE', P .. 'acked', 0, most - 1) end
for _, id in ipairs(ids) do remove(id) end
remember(operation, #ids)
return #ids
`,
);

/** Removes what is due; answers 1 if there is more. */
export const sweep: string = script(
  ALLOW_OOM,
  `
return clean(tonumber(ARGV[3])) and 1 or 0
`,
);
