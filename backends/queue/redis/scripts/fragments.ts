/**
 * The Lua functions that scripts share.
 *
 * @module
 */

/**
 * Lua fragments by the name that they define, each after those it uses. `ARGV` begins with the command
 * that publishes, the milliseconds for which an operation may be repeated, and what the queue has for messages
 * that say nothing else: most attempts, and the milliseconds of a lease. A script gets only the fragments that it uses,
 * because defining a function takes time on the server.
 */
const FRAGMENTS: readonly (readonly [name: string, text: string])[] = [
  ["time", "local time = call('TIME')"],
  ["now", "local now = time[1] * 1000 + math.floor(time[2] / 1000)"],
  ["DEDUP_MS", "local DEDUP_MS = tonumber(ARGV[2])"],
  ["MAX_ATTEMPTS", "local MAX_ATTEMPTS = tonumber(ARGV[3])"],
  ["LEASE_MS", "local LEASE_MS = tonumber(ARGV[4])"],
  ["integer", "local function integer(n) return string.format('%.0f', n) end"],
  [
    "queueName",
    "local function queueName(agent, channel) return #agent .. ':' .. agent .. ':' .. channel end",
  ],
  ["idOf", "local function idOf(member) return string.sub(member, 17) end"],
  [
    "isExpired",
    "local function isExpired(expires) return expires and tonumber(expires) <= now end",
  ],
  [
    "streamId",
    "local function streamId(seq) return string.sub(seq, 1, 13) .. '-' .. tonumber(string.sub(seq, 14)) end",
  ],
  [
    "seqOf",
    `
local function seqOf(entry)
  local ms, us = string.match(entry, '(%d+)-(%d+)')
  return ms .. string.format('%03d', us)
end`,
  ],
  [
    "settingsOf",
    `
-- What a message has in place of the settings of the queue.
local NO_SETTINGS = {}
local function settingsOf(text) return text and cjson.decode(text) or NO_SETTINGS end`,
  ],
  [
    "fold",
    `
-- Adds what was counted long ago to the totals of a channel. Fields of a short time are its letter and the
-- number of the time.
local EPOCH_MS = 10000
local function fold(key, channel, epoch)
  call('ZADD', PREFIX .. 'channels', 0, channel)
  local all = call('HGETALL', key)
  for i = 1, #all, 2 do
    local letter, of = string.match(all[i], '^(%l)(%d+)$')
    if letter and tonumber(of) < epoch - 6 then
      call('HINCRBY', key, letter, all[i + 1])
      call('HDEL', key, all[i])
    end
  end
end`,
  ],
  [
    "finishedOf",
    `
-- How many messages of a channel have no pending delivery any more.
local function finishedOf(channel)
  return call('ZCARD', PREFIX .. 'done:' .. channel) + call('ZCARD', PREFIX .. 'heard:' .. channel) +
    call('ZCARD', PREFIX .. 'lapsed:' .. channel)
end`,
  ],
  [
    "isDrained",
    `
local function isDrained(channel) return call('XLEN', PREFIX .. 'stream:' .. channel) == finishedOf(channel) end`,
  ],
  [
    "tell",
    `
-- What happened is counted, and told to those who listen, when the script ends.
local LETTERS = { published = 'p', delivered = 'd', acknowledged = 'a', released = 'r', expired = 'x', dead = 'f' }
local tallies, events, isHeard = {}, {}, nil
local function listens()
  if isHeard == nil then
    local command = ARGV[1] == 'SPUBLISH' and 'SHARDNUMSUB' or 'NUMSUB'
    local reply = redis.pcall('PUBSUB', command, PREFIX .. 'events')
    isHeard = not reply.err and tonumber(reply[2] or 0) > 0
  end
  return isHeard
end
local function tell(type, channel, id, agent, more, isAgain)
  local letter = LETTERS[type]
  if letter and not isAgain and not (more and more.lost) then
    local tally = tallies[channel]
    if not tally then
      tally = {}
      tallies[channel] = tally
    end
    tally[letter] = (tally[letter] or 0) + 1
  end
  if not listens() then return end
  local event = more or {}
  event.type, event.channel, event.id, event.agentId = type, channel, id, agent
  events[#events + 1] = event
end
local function conclude()
  for channel, tally in pairs(tallies) do
    local key, epoch, isNew = PREFIX .. 'counts:' .. channel, math.floor(now / EPOCH_MS), false
    for letter, n in pairs(tally) do
      if call('HINCRBY', key, letter .. epoch, n) == n then isNew = true end
    end
    if isNew then fold(key, channel, epoch) end
    if (tally.a or tally.f or tally.x) and listens() and isDrained(channel) then
      events[#events + 1] = { type = 'drained', channel = channel }
    end
  end
  if #events > 0 then redis.pcall(ARGV[1], PREFIX .. 'events', cjson.encode(events)) end
end`,
  ],
  [
    "notify",
    `
-- Wakes one consumer of an agent, or of each agent if it is empty. After NUL, it wakes all of them.
-- The script has done its work: a notification that the server rejects is counted, and is no error.
local function notify(channel, agent)
  local reply = redis.pcall(ARGV[1], PREFIX .. 'notify:' .. channel, agent)
  if type(reply) == 'table' and reply.err then redis.pcall('INCR', PREFIX .. 'unnotified') end
end`,
  ],
  [
    "saveReply",
    `
local function saveReply(operation, what)
  call('SET', PREFIX .. 'op:' .. operation, what, 'PX', DEDUP_MS)
end`,
  ],
  [
    "writeMarker",
    `
-- A repeated operation writes a marker, because WAIT counts the writes of its connection.
local function writeMarker() call('SET', PREFIX .. 'touch', '1', 'PX', DEDUP_MS) end`,
  ],
  [
    "flush",
    `
-- Buffers members of sorted sets, and adds them together: a call for each would take twice as long.
local buffered = {}
local function add(key, score, member)
  local members = buffered[key]
  if not members then
    members = {}
    buffered[key] = members
  end
  members[#members + 1] = score
  members[#members + 1] = member
end
local function flush()
  for key, members in pairs(buffered) do
    for i = 1, #members, 1000 do
      call('ZADD', PREFIX .. key, unpack(members, i, math.min(i + 999, #members)))
    end
  end
  buffered = {}
end`,
  ],
  [
    "rawFieldsOf",
    `
-- The field m of a message, and others. There are none if there is no message, or if another program has
-- stored something else.
local function rawFieldsOf(id, ...)
  local reply = redis.pcall('HMGET', PREFIX .. 'msg:' .. id, 'm', ...)
  if not reply.err then return reply end
  if string.sub(reply.err, 1, 9) ~= 'WRONGTYPE' then error(reply) end
  return {}
end
local function ifWhole(isWhole, ...)
  if isWhole then return ... end
end
-- What the field m packs: texts, which are empty if there is no value.
local function unpacked(packed)
  if packed then return ifWhole(pcall(cmsgpack.unpack, packed)) end
end`,
  ],
  [
    "fieldsOf",
    `
-- The positions of what the field m of a message packs. Values are texts, and empty if there is none.
local SEQ, CHANNEL, SOURCE, TARGET, PRIORITY, EXPIRES, METADATA = 1, 2, 3, 4, 5, 6, 7
local SETTINGS, DUE, CREATED, UPDATED, OPERATION = 8, 9, 10, 11, 12
-- Some packed values of a message, and other fields.
local function fieldsOf(id, positions, ...)
  local reply = rawFieldsOf(id, ...)
  local packed, m, count = { unpacked(reply[1]) }, {}, #positions
  if not packed[1] then return {} end
  for i = 1, count do
    local value = packed[positions[i]]
    m[i] = value ~= '' and value
  end
  for i = 1, select('#', ...) do m[count + i] = reply[i + 1] end
  return m
end`,
  ],
  [
    "lineOf",
    `
-- The deliveries with one ordering key, in the order in which they came. Only the first one may be ready.
local function lineOf(queue, key) return PREFIX .. 'line:' .. #queue .. ':' .. queue .. ':' .. key end`,
  ],
  [
    "enterLine",
    `
-- Adds a delivery to the end of its line. True if it is the first one.
local function enterLine(queue, key, member)
  local line = lineOf(queue, key)
  local last = call('ZRANGE', line, -1, -1, 'WITHSCORES')
  call('ZADD', line, last[1] and last[2] + 1 or 1, member)
  call('HSET', PREFIX .. 'keyed:' .. queue, member, key)
  if not last[1] then call('HINCRBY', PREFIX .. 'keyed:' .. queue, '', 1) end
  -- Its end may let the next one go on.
  local expires = fieldsOf(idOf(member), { EXPIRES })[1]
  if expires then call('ZADD', PREFIX .. 'due', 'LT', expires, 'e' .. queue) end
  return not last[1]
end`,
  ],
  [
    "leaveLine",
    `
-- Removes a delivery from its line. The one behind it becomes ready. False if it was in none.
local function leaveLine(agent, channel, member)
  local queue = queueName(agent, channel)
  local keyed = PREFIX .. 'keyed:' .. queue
  local key = call('HGET', keyed, member)
  if not key then return false end
  local line = lineOf(queue, key)
  local isFirst = call('ZRANGE', line, 0, 0)[1] == member
  call('ZREM', line, member)
  call('HDEL', keyed, member)
  local following = call('ZRANGE', line, 0, 0)[1]
  if not following and call('HINCRBY', keyed, '', -1) <= 0 then call('DEL', keyed) end
  if not following or not isFirst then return true end
  local priority = fieldsOf(idOf(following), { PRIORITY })[1]
  call('ZADD', PREFIX .. 'ready:' .. queue, -tonumber(priority or 0), following)
  notify(channel, agent)
  return true
end`,
  ],
  [
    "makeReady",
    `
-- A pending delivery without a lease becomes ready, unless it waits in a line.
local function makeReady(queue, member, priority, key)
  if key and call('ZRANGE', lineOf(queue, key), 0, 0)[1] ~= member then return end
  call('ZADD', PREFIX .. 'ready:' .. queue, -tonumber(priority or 0), member)
end`,
  ],
  [
    "know",
    `
-- Deliveries are found by the channels of an agent, and by the agents of a channel.
local known = {}
local function know(agent, channel, queue)
  if known[queue] then return end
  known[queue] = true
  if call('ZADD', PREFIX .. 'pending:' .. agent, 'NX', 0, channel) == 0 then return end
  call('ZADD', PREFIX .. 'agents:' .. channel, integer(now), agent)
end`,
  ],
  [
    "deliver",
    `
local function deliver(agent, channel, member, priority, key)
  local score, queue = -tonumber(priority), queueName(agent, channel)
  know(agent, channel, queue)
  if not key or enterLine(queue, key, member) then add('ready:' .. queue, score, member) end
end`,
  ],
  [
    "forget",
    `
-- Forgets an agent if it has nothing of a channel. False if it has.
local function forget(agent, channel)
  local queue = queueName(agent, channel)
  for _, name in ipairs({ 'ready:', 'leased:', 'later:', 'keyed:', 'died:' }) do
    if call('EXISTS', PREFIX .. name .. queue) == 1 then return false end
  end
  call('ZREM', PREFIX .. 'agents:' .. channel, agent)
  call('ZREM', PREFIX .. 'pending:' .. agent, channel)
  return true
end`,
  ],
  [
    "withdraw",
    `
-- Ends the pending delivery of a message to an agent. False if there was none.
local function withdraw(agent, channel, member, key)
  local queue = queueName(agent, channel)
  local wasThere = call('ZREM', PREFIX .. 'leased:' .. queue, member) == 1 or
    call('ZREM', PREFIX .. 'ready:' .. queue, member) == 1 or call('ZREM', PREFIX .. 'later:' .. queue, member) == 1
  return key and leaveLine(agent, channel, member) or wasThere
end`,
  ],
  [
    "isPending",
    `
-- Whether a delivery waits, is leased, or was given back.
local function isPending(agent, channel, member)
  local queue = queueName(agent, channel)
  return call('ZSCORE', PREFIX .. 'leased:' .. queue, member) or call('ZSCORE', PREFIX .. 'ready:' .. queue, member) or
    call('ZSCORE', PREFIX .. 'later:' .. queue, member) or call('HEXISTS', PREFIX .. 'keyed:' .. queue, member) == 1
end`,
  ],
  [
    "exhume",
    `
-- Removes a dead letter. False if it is none.
local function exhume(agent, channel, member)
  if call('ZREM', PREFIX .. 'dead:' .. agent, member) == 0 then return false end
  call('ZREM', PREFIX .. 'died:' .. queueName(agent, channel), member)
  local key = PREFIX .. 'msg:' .. idOf(member)
  if call('HEXISTS', key, 'died') == 1 then call('HINCRBY', key, 'died', -1) end
  return true
end`,
  ],
  [
    "dropOrphan",
    `
-- Drops the entries of a message that another program has deleted or the server has evicted. Its channel and
-- number, and its agent may be unknown.
local function dropOrphan(id, channel, seq, agent)
  call('ZREM', PREFIX .. 'expiry', id)
  call('ZREM', PREFIX .. 'broadcasts', id)
  if agent then call('ZREM', PREFIX .. 'target:' .. agent, id) end
  if not channel then return end
  for _, index in ipairs({ 'done:', 'heard:', 'lapsed:' }) do call('ZREM', PREFIX .. index .. channel, id) end
  if call('XDEL', PREFIX .. 'stream:' .. channel, streamId(seq)) == 1 then call('INCR', PREFIX .. 'lost') end
end`,
  ],
  [
    "dropDelivery",
    `
-- Drops the delivery of a message that is gone, or that was replaced by one with another member.
local function dropDelivery(agent, channel, member, seq)
  if channel then
    local queue = queueName(agent, channel)
    for _, name in ipairs({ 'leased:', 'ready:', 'later:', 'died:' }) do
      call('ZREM', PREFIX .. name .. queue, member)
    end
    leaveLine(agent, channel, member)
  end
  if not seq then dropOrphan(idOf(member), channel, string.sub(member, 1, 16), agent) end
end`,
  ],
  [
    "settle",
    `
-- Whether an agent has a pending delivery of a broadcast.
local function isOpen(channel, member)
  local cursor = '0'
  repeat
    local reply = call('SSCAN', PREFIX .. 'subs:' .. channel, cursor, 'COUNT', 50)
    for _, agent in ipairs(reply[2]) do
      if isPending(agent, channel, member) then return true end
    end
    cursor = reply[1]
  until cursor == '0'
  return false
end
-- Indexes a message of which no delivery is pending any more: as done, or as a dead letter. Such messages
-- are trimmed before those that wait.
local function settle(id, channel, seq, isBroadcast, isDead)
  if isBroadcast then
    -- The number of agents for which it is a dead letter.
    local key = PREFIX .. 'msg:' .. id
    if isDead then call('HINCRBY', key, 'died', 1) end
    if isOpen(channel, seq .. id) then return end
    isDead = tonumber(call('HGET', key, 'died') or '0') > 0
  end
  call('ZADD', PREFIX .. (isDead and 'lapsed:' or isBroadcast and 'heard:' or 'done:') .. channel, seq, id)
end`,
  ],
  [
    "bury",
    `
-- Makes a delivery a dead letter, which is not pending any more. Its reason is JSON, which clients read.
-- Without one, all attempts were used up. One that gets another reason was counted before.
local function bury(m, failure, isAgain)
  local member, queue = m.seq .. m.id, queueName(m.agent, m.channel)
  know(m.agent, m.channel, queue)
  call('ZADD', PREFIX .. 'dead:' .. m.agent, integer(now), member)
  call('ZADD', PREFIX .. 'died:' .. queue, integer(now), member)
  if failure then call('HSET', PREFIX .. 'msg:' .. m.id, 'd:' .. m.agent, failure) end
  settle(m.id, m.channel, m.seq, m.isBroadcast, true)
  if m.settings.r then
    local what = 'd' .. m.attempts .. ' ' .. (failure or '')
    call('SET', PREFIX .. 'result:' .. m.id, what, 'PX', integer(m.settings.r))
  end
  tell('dead', m.channel, m.id, m.agent, { failure = failure, attempts = m.attempts }, isAgain)
end`,
  ],
  [
    "isIndexed",
    `
-- Whether messages are in an index for each filter: nil, '1' if it is not complete yet, or '2'.
local indexed
local function isIndexed()
  if indexed == nil then indexed = call('GET', PREFIX .. 'indexed') end
  return indexed
end`,
  ],
  [
    "remove",
    `
-- Removes a message with its deliveries. False if there is none. Also returns whether it had expired.
local function remove(id, isTrimmed)
  local m = fieldsOf(id, { CHANNEL, SOURCE, TARGET, SEQ, EXPIRES, OPERATION, CREATED, SETTINGS, DUE }, 'acked')
  local channel, source, target, seq = m[1], m[2], m[3], m[4]
  if not (channel and source and seq) then
    dropOrphan(id)
    return false
  end
  local member, stream = seq .. id, PREFIX .. 'stream:' .. channel
  call('XDEL', stream, streamId(seq))
  if call('XLEN', stream) == 0 then call('DEL', stream) end
  if m[10] then call('ZREM', PREFIX .. 'done:' .. channel, id) end
  if not target then call('ZREM', PREFIX .. 'heard:' .. channel, id) end
  call('ZREM', PREFIX .. 'lapsed:' .. channel, id)
  if isIndexed() then call('ZREM', PREFIX .. 'source:' .. source, id) end
  if m[5] then call('ZREM', PREFIX .. 'expiry', id) end
  if m[9] then
    call('ZREM', PREFIX .. 'delayed', member)
    call('ZREM', PREFIX .. 'delayed:' .. channel, member)
  end
  local key = m[8] and settingsOf(m[8]).k
  local agents
  if target then
    if isIndexed() then call('ZREM', PREFIX .. 'target:' .. target, id) end
    agents = { target }
  else
    if isIndexed() then call('ZREM', PREFIX .. 'broadcasts', id) end
    agents = call('SMEMBERS', PREFIX .. 'subs:' .. channel)
  end
  for _, agent in ipairs(agents) do
    if m[10] and target then
      -- It has no pending delivery.
    elseif not withdraw(agent, channel, member, key) then
      exhume(agent, channel, member)
    elseif isTrimmed then
      call('INCR', PREFIX .. 'missed:' .. queueName(agent, channel))
    end
  end
  call('DEL', PREFIX .. 'msg:' .. id)
  -- Its publisher may repeat the call if the reply was lost.
  local left = tonumber(string.sub(seq, 1, 13)) + DEDUP_MS - now
  if left > 0 then
    local what = (m[7] or string.sub(seq, 1, 13)) .. ' ' .. (m[5] or '-') .. ' ' .. seq .. ' ' .. (m[9] or '-')
    call('SET', PREFIX .. 'gone:' .. (m[6] or id), what, 'PX', integer(left))
  end
  if not isExpired(m[5]) then return true end
  tell('expired', channel, id)
  return true, true
end`,
  ],
  [
    "dropEntry",
    `
-- Drops the entry of a message that is gone, or that was replaced by one with another number.
local function dropEntry(id, channel, seq, isGone)
  if isGone then dropOrphan(id, channel, seq) else call('XDEL', PREFIX .. 'stream:' .. channel, streamId(seq)) end
end`,
  ],
  [
    "visitAll",
    `
-- Visits up to \`most\` entries of the streams of all channels from a cursor on. Returns the next one, or "done".
local FIRST_ENTRY = '- -'
local function visitAll(cursor, most, visit)
  local from, first = string.match(cursor, '^(%S+) (.*)$')
  local channels = call('ZRANGE', PREFIX .. 'channels', first, '+', 'BYLEX', 'LIMIT', 0, 100)
  for _, channel in ipairs(channels) do
    local entries = call('XRANGE', PREFIX .. 'stream:' .. channel, from, '+', 'COUNT', most)
    for _, entry in ipairs(entries) do visit(entry[2][2], channel, seqOf(entry[1])) end
    most = most - #entries
    if most == 0 then return '(' .. entries[#entries][1] .. ' [' .. channel end
    from, first = '-', '(' .. channel
  end
  return #channels < 100 and 'done' or from .. ' ' .. first
end`,
  ],
  [
    "expire",
    `
-- Removes expired messages. True if there are more.
local function expire(most)
  local due = call('ZRANGE', PREFIX .. 'expiry', '-inf', integer(now), 'BYSCORE', 'LIMIT', 0, most)
  for _, id in ipairs(due) do remove(id) end
  return #due == most
end`,
  ],
  [
    "attemptsOf",
    `
-- The attempts of a delivery, and the token of its lease: empty without one.
local function attemptsOf(field)
  if not field then return 0, '' end
  local attempts, token = string.match(field, '^(%d+) ?(.*)$')
  return tonumber(attempts), token
end`,
  ],
  [
    "attemptsByAgent",
    `
-- The attempts of all deliveries of a message.
local function attemptsByAgent(id)
  local counts, fields = {}, call('HGETALL', PREFIX .. 'msg:' .. id)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'n:' then counts[string.sub(fields[i], 3)] = attemptsOf(fields[i + 1]) end
  end
  return counts
end`,
  ],
  [
    "nextDue",
    `
-- Notes when the first of the deliveries in a sorted set is due.
local function nextDue(entry, key)
  local first = key ~= '' and call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first and first[1] then
    call('ZADD', PREFIX .. 'due', first[2], entry)
  else
    call('ZREM', PREFIX .. 'due', entry)
  end
end
local function dueOf(key, most) return call('ZRANGE', key, '-inf', integer(now), 'BYSCORE', 'LIMIT', 0, most) end
local function agentAndChannel(queue)
  local length = string.match(queue, '^(%d+):')
  return string.sub(queue, #length + 2, #length + 1 + length), string.sub(queue, #length + 3 + length)
end`,
  ],
  [
    "deliverDelayed",
    `
-- Delivers messages of a channel that were published for later, to the subscribers that it has now.
local function deliverDelayed(channel)
  local delayed, targets, steps = PREFIX .. 'delayed:' .. channel, {}, 0
  for _, member in ipairs(dueOf(delayed, 100)) do
    if steps > 500 then break end
    local id = idOf(member)
    local m = fieldsOf(id, { SEQ, TARGET, PRIORITY, SETTINGS, OPERATION })
    call('ZREM', delayed, member)
    call('ZREM', PREFIX .. 'delayed', member)
    if not m[1] then
      dropOrphan(id, channel, string.sub(member, 1, 16))
    elseif m[1] .. id == member then
      local settings = settingsOf(m[4])
      -- A message that was put keeps its attempts.
      local before = m[5] and attemptsByAgent(id) or {}
      for _, agent in ipairs(m[2] and { m[2] } or call('SMEMBERS', PREFIX .. 'subs:' .. channel)) do
        local attempts = before[agent] or 0
        before[agent] = nil
        if attempts < (settings.a or MAX_ATTEMPTS) then
          deliver(agent, channel, member, m[3] or '0', settings.k)
        else
          bury({ id = id, channel = channel, seq = m[1], agent = agent, isBroadcast = not m[2],
            attempts = attempts, settings = settings })
        end
        steps = steps + 1
      end
      for agent in pairs(before) do call('HDEL', PREFIX .. 'msg:' .. id, 'n:' .. agent) end
      targets[m[2] or ''] = true
    end
  end
  flush()
  nextDue('d' .. channel, delayed)
  for target in pairs(targets) do notify(channel, target) end
end`,
  ],
  [
    "retryDue",
    `
-- Deliveries that were given back with a delay become ready.
local function retryDue(queue)
  local agent, channel = agentAndChannel(queue)
  local later = PREFIX .. 'later:' .. queue
  for _, member in ipairs(dueOf(later, 100)) do
    local m = fieldsOf(idOf(member), { SEQ, PRIORITY, SETTINGS })
    if not m[1] or m[1] .. idOf(member) ~= member then
      dropDelivery(agent, channel, member, m[1])
    else
      call('ZREM', later, member)
      makeReady(queue, member, m[2], settingsOf(m[3]).k)
    end
  end
  nextDue('r' .. queue, later)
  notify(channel, agent)
end`,
  ],
  [
    "expireLeases",
    `
-- Ends up to 100 leases of an agent on a channel that are over.
local function expireLeases(queue)
  local agent, channel = agentAndChannel(queue)
  local leased, hasReady = PREFIX .. 'leased:' .. queue, false
  for _, member in ipairs(dueOf(leased, 100)) do
    local id = idOf(member)
    local m = fieldsOf(id, { SEQ, PRIORITY, TARGET, SETTINGS }, 'n:' .. agent)
    if not m[1] or m[1] .. id ~= member then
      dropDelivery(agent, channel, member, m[1])
    else
      local attempts, settings = attemptsOf(m[5]), settingsOf(m[4])
      call('ZREM', leased, member)
      if attempts < (settings.a or MAX_ATTEMPTS) then
        makeReady(queue, member, m[2], settings.k)
        hasReady = true
        tell('released', channel, id, agent, { reason = 'its lease has ended' })
      else
        if settings.k then leaveLine(agent, channel, member) end
        bury({ id = id, channel = channel, seq = m[1], agent = agent, isBroadcast = not m[3],
          attempts = attempts, settings = settings })
      end
    end
  end
  nextDue(queue, leased)
  if hasReady then notify(channel, agent) end
end`,
  ],
  [
    "passDue",
    `
-- Does some of what is due. True if there may be more.
local function passDue()
  local entry = call('ZRANGE', PREFIX .. 'due', '-inf', integer(now), 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not entry then return false end
  local kind = string.sub(entry, 1, 1)
  if kind == 'e' then
    expire(100)
    local isKeyed = call('EXISTS', PREFIX .. 'keyed:' .. string.sub(entry, 2)) == 1
    nextDue(entry, isKeyed and PREFIX .. 'expiry' or '')
  elseif kind == 'd' then
    deliverDelayed(string.sub(entry, 2))
  elseif kind == 'r' then
    retryDue(string.sub(entry, 2))
  else
    expireLeases(entry)
  end
  return true
end`,
  ],
  [
    "uniqueKeyOf",
    "local function uniqueKeyOf(channel, id) return PREFIX .. 'unique:' .. #channel .. ':' .. channel .. ':' .. id end",
  ],
  [
    "read",
    `
-- A payload that would make the hash of a message large lies in the stream.
local function payloadIn(channel, seq)
  local at = streamId(seq)
  local entry = call('XRANGE', PREFIX .. 'stream:' .. channel, at, at)[1]
  return entry and entry[2][4]
end
-- A message as the reply has it, from the view of an agent. Nil if there is none.
local function read(id, agent)
  local reply = rawFieldsOf(id, 'payload', 'acked', 'n:' .. agent, 'k:' .. agent)
  local seq, channel, source, target, priority, expires, metadata, settings, due, created, updated = unpacked(reply[1])
  local payload = source and (reply[2] or payloadIn(channel, seq))
  if not payload then
    dropOrphan(id, channel, seq)
    return nil
  end
  if expires and expires ~= '' and isExpired(expires) then
    remove(id)
    return nil
  end
  if not created or created == '' then created = string.sub(seq, 1, 13) end
  if not updated or updated == '' then updated = created end
  if not metadata or metadata == '' then metadata = '{}' end
  if not priority or priority == '' then priority = '0' end
  local acked = reply[3] or ((not target or target == '') and agent ~= '' and reply[5])
  return { id, channel, source, target or '', payload, metadata, priority, created, reply[3] or updated,
    expires or '', seq, acked and 1 or 0, settings or '', due or '', reply[4] or '0' }
end`,
  ],
  [
    "readDelivery",
    `
-- The message of a delivery. Nil if there is none, or if the message was replaced; the delivery is dropped.
local function readDelivery(agent, channel, member)
  local id = idOf(member)
  local message = read(id, agent)
  if message and message[11] .. id == member then return message end
  dropDelivery(agent, message and message[2] or channel, member, message and message[11])
end`,
  ],
  [
    "removeDue",
    `
-- Removes expired messages and does what is due. True if there is more.
local function removeDue()
  if expire(200) then return true end
  for _ = 1, 5 do
    if not passDue() then return false end
  end
  return true
end`,
  ],
  [
    "lost",
    `
local function lost(m, type)
  tell(type, m.channel, m.id, m.agent, { lost = true })
  return 'lost'
end`,
  ],
  [
    "find",
    `
-- The delivery of a message to an agent, by default to its target, or nil and the outcome. With a token the
-- outcome is "lost" if the lease that it names is not the last one.
local function find(id, agent, token, type)
  local reply = rawFieldsOf(id, 'acked', 'k:' .. agent, 'n:' .. agent)
  local seq, channel, _, target, priority, expires, _, settings = unpacked(reply[1])
  if not channel then
    dropOrphan(id)
    return nil, 'absent'
  end
  if expires and expires ~= '' and isExpired(expires) then
    remove(id)
    return nil, 'absent'
  end
  local isBroadcast, field = not target or target == '', reply[4]
  if isBroadcast and agent == '' then return nil, 'needs agent' end
  if not isBroadcast and agent ~= target then
    if agent ~= '' then return nil, 'absent' end
    agent = target
    if token ~= '' or type ~= 'acknowledged' then field = call('HGET', PREFIX .. 'msg:' .. id, 'n:' .. target) end
  end
  local attempts, current = attemptsOf(field)
  if token ~= '' and token ~= current then return nil, lost({ id = id, channel = channel, agent = agent }, type) end
  return {
    id = id, channel = channel, isBroadcast = isBroadcast, agent = agent, seq = seq, member = seq .. id,
    isDone = isBroadcast and reply[3] or (not isBroadcast and reply[2]), priority = priority ~= '' and priority or '0',
    settings = settingsOf(settings ~= '' and settings), attempts = attempts, token = current,
  }
end`,
  ],
];

/** A repeated operation returns the number that the first one has returned. */
export const RETURN_SAVED_NUMBER = `
local saved = call('GET', PREFIX .. 'op:' .. operation)
if saved then
  writeMarker()
  return tonumber(saved)
end`;

/** Flags of scripts that free memory or serve consumers: they run when the memory is full. */
export const ALLOW_OOM = "#!lua flags=allow-oom\n";
/** Flags of scripts that need memory. */
export const DENY_OOM = "#!lua\n";
const PRELUDE = "local PREFIX = string.sub(KEYS[1], 1, -4)\nlocal call = redis.call\n";

/** Functions that few calls use. A script defines those that it has when it calls the first one of them. */
const RARE: ReadonlySet<string> = new Set([
  "finishedOf",
  "isDrained",
  "lineOf",
  "enterLine",
  "leaveLine",
  "makeReady",
  "forget",
  "isPending",
  "exhume",
  "dropOrphan",
  "dropDelivery",
  "settle",
  "bury",
  "remove",
  "dropEntry",
  "expire",
  "attemptsByAgent",
  "nextDue",
  "deliverDelayed",
  "retryDue",
  "expireLeases",
  "lost",
]);
const RARE_NAMES = [...RARE].join("|");
const RARE_DEFINITION = new RegExp(`local function (${RARE_NAMES})\\(`, "g");
const RARE_CALL = new RegExp(`(?<![\\w.])(${RARE_NAMES})\\(`, "g");

/** Makes the rare functions members of a table. */
function viaTable(text: string): string {
  return text.replace(RARE_DEFINITION, "function rare.$1(").replace(RARE_CALL, "rare.$1(");
}

/** The fragments that a text uses: those that are always defined, and the rare ones. */
function fragmentsOf(text: string): { common: string; rare: string } {
  let [all, common, rare] = [text, "", ""];
  for (const [name, fragment] of FRAGMENTS.toReversed()) {
    if (!new RegExp(`\\b${name}\\b`).test(all)) continue;
    all = `${fragment}\n${all}`;
    if (RARE.has(name)) rare = `${fragment}\n${rare}`;
    else common = `${fragment}\n${common}`;
  }
  return { common, rare };
}

/** Makes a script of its flags, what it does before it defines functions, the fragments that it uses, and its text. */
export function script(flags: string, text: string, before = ""): string {
  const { common, rare } = fragmentsOf(text);
  const source = `${flags}${PRELUDE}${before}local rare = {}
${viaTable(common)}
setmetatable(rare, { __index = function(_, wanted)
${viaTable(rare)}
return rawget(rare, wanted)
end })
`;
  const main = viaTable(text);
  if (!common.includes("function conclude")) return source + main;
  return `${source}local function main()\n${main}\nend\nlocal reply = main()\nconclude()\nreturn reply\n`;
}
