/**
 * What scripts do first: plain messages, in straight lines. A plain message is for one agent, and has no settings of its
 * own. Whoever has another one, or listens to events, takes the way that all can take, which defines its functions
 * before: that alone takes longer than all commands for a plain message.
 *
 * Numbers are passed to commands as texts, because the server formats numbers slowly.
 *
 * @module
 */

/** Longest payload in the hash of a message: Redis keeps hashes with longer values in a form that takes more memory. */
export const MOST_IN_HASH = 64;

/** The last argument of a plain message that is to be leased to a consumer of its publisher. */
export const HANDED_OVER = "=";

/**
 * The time, and whether nobody listens to events. `unfolded` has the channels that were counted for the first time in a while,
 * so that older counts are to be added up.
 */
const START = `
local unfolded = {}
local isQuiet, time, nowMs
do
  local heard = redis.pcall('PUBSUB', ARGV[1] == 'SPUBLISH' and 'SHARDNUMSUB' or 'NUMSUB', PREFIX .. 'events')
  isQuiet = heard.err or tonumber(heard[2] or 0) == 0
  time = call('TIME')
  nowMs = time[1] .. string.sub('00000' .. time[2], -6, -4)
end
`;

/** Counts what happened `count` times in a channel. */
function counted(letter: string, channel: string, count: string): string {
  return `
    if call('HINCRBY', PREFIX .. 'counts:' .. ${channel}, '${letter}' .. string.sub(nowMs, 1, 9), ${count}) == ${count} then
      unfolded[${channel}] = true
    end`;
}

/** Ends what \`counted\` has begun, where functions are defined. */
export const FOLD = `
for channel in pairs(unfolded) do fold(PREFIX .. 'counts:' .. channel, channel, math.floor(now / EPOCH_MS)) end
`;

/**
 * Stores messages: the first ones of the arguments, until one is not plain. Those that are to be handed over are leased, unless
 * others of the agent are ready or due. The end of the lease is in the reply, after an equals sign.
 */
export const STORE_PLAIN = `${START}
local replies, from = {}, 7
do
  local state = call('MGET', KEYS[1], PREFIX .. 'indexed')
  local last, microseconds = tonumber(state[1] or '0'), tonumber(time[1] .. string.sub('00000' .. time[2], -6))
  local rooms, queues, seq, endMs = {}, {}, nil, nil
  while isQuiet and not state[2] and ARGV[from] do
    local id, channel, source, target, payload, metadata, priority, ttl, particulars = unpack(ARGV, from, from + 8)
    local isWanted = particulars == '${HANDED_OVER}'
    if target == '' or (particulars ~= '' and not isWanted) then break end
    local stream, key = PREFIX .. 'stream:' .. channel, PREFIX .. 'msg:' .. id
    local room = rooms[channel] or tonumber(ARGV[5]) - call('XLEN', stream)
    if room <= 0 or call('EXISTS', PREFIX .. 'gone:' .. id, key) > 0 then break end
    rooms[channel] = room - 1
    last = math.max(microseconds, last + 1)
    seq = string.format('%.0f', last)
    local created, expires, packed = string.sub(seq, 1, 13), '-', nil
    if priority == '0' then priority = '' end
    if ttl ~= '' then
      expires = string.format('%.0f', created + ttl)
      call('ZADD', PREFIX .. 'expiry', expires, id)
    end
    if metadata ~= '{}' then
      packed = cmsgpack.pack(seq, channel, source, target, priority, ttl ~= '' and expires or '', metadata)
    elseif ttl ~= '' then
      packed = cmsgpack.pack(seq, channel, source, target, priority, expires)
    else
      packed = cmsgpack.pack(seq, channel, source, target, priority)
    end
    local name = #target .. ':' .. target .. ':' .. channel
    local queue = queues[name]
    if not queue then
      queue = { channel, target, {}, {} }
      queues[name] = queue
    end
    local ready, leases = queue[3], queue[4]
    local isLeased = isWanted and #ready == 0
    if isLeased and #leases == 0 then
      isLeased = call('EXISTS', PREFIX .. 'ready:' .. name, PREFIX .. 'missed:' .. name, PREFIX .. 'paused:' .. channel) == 0
        and not call('ZRANGE', PREFIX .. 'due', '-inf', nowMs, 'BYSCORE', 'LIMIT', '0', '1')[1]
    end
    local fields = { 'm', packed }
    if isLeased then fields = { 'm', packed, 'n:' .. target, '1 ' .. string.sub(id, -12) } end
    local entry = created .. '-' .. tonumber(string.sub(seq, 14))
    if #payload <= ${MOST_IN_HASH} then
      call('HSET', key, 'payload', payload, unpack(fields))
      call('XADD', stream, entry, 'id', id)
    else
      call('HSET', key, unpack(fields))
      call('XADD', stream, entry, 'id', id, 'payload', payload)
    end
    if isLeased then
      endMs = endMs or string.format('%.0f', nowMs + ARGV[4])
      leases[#leases + 1] = endMs
      leases[#leases + 1] = seq .. id
      replies[#replies + 1] = created .. ' ' .. expires .. ' ' .. seq .. ' =' .. endMs
    else
      ready[#ready + 1] = priority == '' and '0' or tostring(-tonumber(priority))
      ready[#ready + 1] = seq .. id
      replies[#replies + 1] = created .. ' ' .. expires .. ' ' .. seq .. ' -'
    end
    from = from + 9
  end
  if seq then call('SET', KEYS[1], seq) end
  for name, queue in pairs(queues) do
    local channel, agent, ready, leases = queue[1], queue[2], queue[3], queue[4]
    if call('ZADD', PREFIX .. 'pending:' .. agent, 'NX', '0', channel) == 1 then
      call('ZADD', PREFIX .. 'agents:' .. channel, nowMs, agent)
    end
    ${counted("p", "channel", "(#ready + #leases) / 2")}
    if leases[1] then
      call('ZADD', PREFIX .. 'leased:' .. name, unpack(leases))
      call('ZADD', PREFIX .. 'due', 'LT', endMs, name)
      ${counted("d", "channel", "#leases / 2")}
    end
    if ready[1] then
      call('ZADD', PREFIX .. 'ready:' .. name, unpack(ready))
      local reply = redis.pcall(ARGV[1], PREFIX .. 'notify:' .. channel, agent)
      if type(reply) == 'table' and reply.err then redis.pcall('INCR', PREFIX .. 'unnotified') end
    end
  end
  if not ARGV[from] and not next(unfolded) then return replies end
end
`;

/** Acknowledges messages with the tokens of their leases, from `from` on, until one is not plain. */
const ACKNOWLEDGE_ALL = `
local replies = {}
do
  local done = {}
  while isQuiet and from < last do
    local id, agent, token = ARGV[from], ARGV[from + 1], ARGV[from + 2]
    if token == '' then break end
    local key = PREFIX .. 'msg:' .. id
    local reply = redis.pcall('HMGET', key, 'm', 'acked', 'n:' .. agent)
    if reply.err or not reply[1] or reply[2] or not reply[3] then break end
    local isWhole, seq, channel, _, target, _, expires, _, settings = pcall(cmsgpack.unpack, reply[1])
    if not isWhole or not channel or target ~= agent or (settings and settings ~= '') then break end
    if expires and expires ~= '' and tonumber(expires) <= tonumber(nowMs) then break end
    if string.sub(reply[3], -#token - 1) ~= ' ' .. token then break end
    if call('ZREM', PREFIX .. 'leased:' .. #agent .. ':' .. agent .. ':' .. channel, seq .. id) == 0 then break end
    call('HSET', key, 'acked', nowMs)
    local ids = done[channel]
    if not ids then
      ids = {}
      done[channel] = ids
    end
    ids[#ids + 1] = seq
    ids[#ids + 1] = id
    replies[#replies + 1] = 'acknowledged'
    from = from + 4
  end
  for channel, ids in pairs(done) do
    call('ZADD', PREFIX .. 'done:' .. channel, unpack(ids))
    ${counted("a", "channel", "#ids / 2")}
  end
end
`;

/**
 * Leases messages, as the arguments from `at` on say, if all that it would lease are plain. Replies as `claimMessages` does,
 * but each message is one text.
 */
const CLAIM_ALL = `
local claimed
if isQuiet and ARGV[at + 1] == '0' and ARGV[at + 5] == '0' and ARGV[at + 7] == '' and ARGV[at + 8] == '' then
  local operation, channel, agent, limit = ARGV[at], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  local queue = #agent .. ':' .. agent .. ':' .. channel
  local ready, due = PREFIX .. 'ready:' .. queue, PREFIX .. 'due'
  local isPlain = limit > 0 and limit <= 100 and
    call('EXISTS', PREFIX .. 'missed:' .. queue, PREFIX .. 'paused:' .. channel) == 0 and
    (ARGV[at + 6] == '' or call('SISMEMBER', PREFIX .. 'subs:' .. channel, agent) == 1) and
    not call('ZRANGE', due, '-inf', nowMs, 'BYSCORE', 'LIMIT', '0', '1')[1]
  local members = isPlain and call('ZRANGE', ready, '0', ARGV[at + 4]) or {}
  local hasMore = #members > limit
  members[limit + 1] = nil
  local found, ids, counts, leases, token = {}, {}, {}, {}, string.sub(operation, -12)
  local endMs = string.format('%.0f', nowMs + ARGV[4])
  for i, member in ipairs(members) do
    local id = string.sub(member, 17)
    local reply = redis.pcall('HMGET', PREFIX .. 'msg:' .. id, 'm', 'payload', 'acked', 'n:' .. agent, 'k:' .. agent)
    local isWhole, seq, of, source, target, priority, expires, metadata, settings, dueMs, created, updated
    if not reply.err and reply[1] then
      isWhole, seq, of, source, target, priority, expires, metadata, settings, dueMs, created, updated =
        pcall(cmsgpack.unpack, reply[1])
    end
    if not isWhole or not source or seq .. id ~= member or (settings and settings ~= '') or
      (expires and expires ~= '' and tonumber(expires) <= tonumber(nowMs)) then
      isPlain = false
      break
    end
    local payload = reply[2]
    if not payload then
      local entry = string.sub(seq, 1, 13) .. '-' .. tonumber(string.sub(seq, 14))
      entry = call('XRANGE', PREFIX .. 'stream:' .. channel, entry, entry)[1]
      payload = entry and entry[2][4]
      if not payload then
        isPlain = false
        break
      end
    end
    if not created or created == '' then created = string.sub(seq, 1, 13) end
    local isBroadcast = not target or target == ''
    local acked = reply[3] or (isBroadcast and reply[5])
    local attempts = (reply[4] and tonumber(string.match(reply[4], '^%d+')) or 0) + 1
    counts[i] = attempts
    -- One text costs both sides less than many. Only the payload, which comes last, may contain NUL.
    found[i] = table.concat({ id, of, source, target or '', metadata and metadata ~= '' and metadata or '{}',
      priority and priority ~= '' and priority or '0', created,
      reply[3] or (updated and updated ~= '' and updated) or created, expires or '', seq, acked and '1' or '0', '',
      dueMs or '', attempts, token, endMs, payload }, '\\0')
    ids[i] = id
    leases[2 * i - 1], leases[2 * i] = endMs, member
  end
  if isPlain then
    local isAny = #ids > 0
    if isAny then
      for i, id in ipairs(ids) do
        call('HSET', PREFIX .. 'msg:' .. id, 'n:' .. agent, counts[i] .. ' ' .. token)
      end
      call('ZREM', ready, unpack(members))
      call('ZADD', PREFIX .. 'leased:' .. queue, unpack(leases))
      call('SET', PREFIX .. 'op:' .. operation, table.concat(ids, '\\0') .. '\\0', 'PX', ARGV[2])
      ${counted("d", "channel", "#ids")}
    end
    local dueMs = -1
    local dues = call('ZMSCORE', due, queue, 'r' .. queue, 'd' .. channel, 'e' .. queue)
    if isAny and not (dues[1] and tonumber(dues[1]) <= tonumber(endMs)) then
      dues[1] = endMs
      call('ZADD', due, endMs, queue)
    end
    for i = 1, 4 do
      local inMs = dues[i] and math.max(0, tonumber(dues[i]) - nowMs)
      if inMs and (dueMs < 0 or inMs < dueMs) then dueMs = inMs end
    end
    claimed = { 0, hasMore and 0 or dueMs, nowMs, 0, unpack(found) }
  end
end
`;

/** Acknowledges messages, the first ones of the arguments. */
export const ACKNOWLEDGE_PLAIN = `${START}
local from, last = 5, #ARGV
${ACKNOWLEDGE_ALL}
if from > last and not next(unfolded) then return replies end
`;

/** Leases messages. */
export const CLAIM_PLAIN = `${START}
local at = 5
${CLAIM_ALL}
if claimed and not next(unfolded) then return claimed end
`;

/** Acknowledges a message, and leases others. */
export const ACKNOWLEDGE_AND_CLAIM_PLAIN = `${START}
local from, last, at = 5, 8, 9
${ACKNOWLEDGE_ALL}
${CLAIM_ALL}
if claimed and replies[1] and not next(unfolded) then return { replies[1], claimed } end
`;
