/**
 * The library `redis` of scripts, and the conversion of replies.
 *
 * @module
 */

/**
 * Lua that defines `host`, which calls the server: the arguments are read from its stack, and the return
 * value is a code, after which the reply is read as from a file.
 */
export const HOST = String.raw`
local execute, read, clock, suspend = os.execute, io.read, os.clock, os.difftime
local running, tostring, sub = coroutine.running, tostring, string.sub
-- The server reads the arguments from the stack of the current thread.
local function host(operation, ...)
  local thread = running()
  if thread then operation = operation .. sub(tostring(thread), 9) end
  return execute(operation, ...)
end
`;

/** Lua that defines `reply(code)` and `encode(value, out)`. */
export const CONVERSION = String.raw`

local function decodeItems(text, at, count)
  local items = {}
  for i = 1, count do
    items[i], at = decode(text, at)
  end
  return items, at
end
local function decodeMap(text, at, count)
  local map = {}
  for _ = 1, count do
    local key, value
    key, at = decode(text, at)
    value, at = decode(text, at)
    if key ~= nil then map[key] = value end
  end
  return { map = map }, at
end
local function decodeSet(text, at, count)
  local set = {}
  for _ = 1, count do
    local member
    member, at = decode(text, at)
    if member ~= nil then set[member] = true end
  end
  return { set = set }, at
end
-- A value, and the position after it.
function decode(text, at)
  local kind, number, start = match(text, '^(.)(%-?%d*) ()', at)
  if kind == ':' then return tonumber(number), start end
  if kind == 'f' then return false, start end
  if kind == 't' then return true, start end
  if kind == '_' then return nil, start end
  number = tonumber(number)
  if kind == '*' then return decodeItems(text, start, number) end
  if kind == '%' then return decodeMap(text, start, number) end
  if kind == '~' then return decodeSet(text, start, number) end
  local rest = start + number
  local content = sub(text, start, rest - 1)
  if kind == '$' then return content, rest end
  if kind == '+' then return { ok = content }, rest end
  if kind == '-' then return { err = content }, rest end
  if kind == ',' then return { double = tonumber(content) }, rest end
  if kind == '(' then return { big_number = content }, rest end
  return { verbatim_string = { format = 'txt', string = content } }, rest
end

-- The value for what host has returned.
function reply(code)
  if code > 0 then return read(code) end
  if code == 0 then return '' end
  if code == -1 then return false end
  if code == -2 then return { ok = 'OK' } end
  if code == -3 then return (decode(read(tonumber(read(12))), 1)) end
  return -10 - code
end

local MAX_DEPTH = 1000
local function put(out, kind, text)
  local count = #out
  out[count + 1] = kind .. #text .. ' '
  out[count + 2] = text
end
local function number(value)
  if value ~= value or value >= 2 ^ 63 or value < -2 ^ 63 then return '-9223372036854775808' end
  return format('%.0f', value < 0 and math.ceil(value) or floor(value))
end

local function encodeArray(value, out, depth)
  local header, count = #out + 1, 0
  out[header] = ''
  while true do
    local item = rawget(value, count + 1)
    if item == nil then break end
    count = count + 1
    encode(item, out, depth + 1)
  end
  out[header] = '*' .. count .. ' '
end
local function encodePairs(kind, value, out, depth)
  local header, count = #out + 1, 0
  out[header] = ''
  for key, item in next, value do
    count = count + 1
    encode(key, out, depth + 1)
    if kind == '%' then encode(item, out, depth + 1) end
  end
  out[header] = kind .. count .. ' '
end
local function field(value, name, kind)
  local content = rawget(value, name)
  return type(content) == kind and content or nil
end
local function encodeTable(value, out, depth)
  local content = field(value, 'err', 'string')
  if content then return put(out, '-', content) end
  content = field(value, 'ok', 'string')
  if content then return put(out, '+', content) end
  content = field(value, 'double', 'number')
  if content then return put(out, ',', format('%.17g', content)) end
  content = field(value, 'map', 'table')
  if content then return encodePairs('%', content, out, depth) end
  content = field(value, 'set', 'table')
  if content then return encodePairs('~', content, out, depth) end
  content = field(value, 'big_number', 'string')
  if content then return put(out, '(', content) end
  content = field(value, 'verbatim_string', 'table')
  if content and field(content, 'string', 'string') and field(content, 'format', 'string') then
    local text = sub(content.format .. '   ', 1, 3)
    return put(out, '=', text .. ':' .. content.string)
  end
  encodeArray(value, out, depth)
end
-- Appends a value in the form that the server reads.
function encode(value, out, depth)
  local kind = type(value)
  if kind == 'string' then return put(out, '$', value) end
  if kind == 'number' then
    out[#out + 1] = ':' .. number(value) .. ' '
  elseif kind == 'boolean' then
    out[#out + 1] = value and 't ' or 'f '
  elseif kind == 'table' then
    if depth > MAX_DEPTH then return put(out, '-', 'ERR reached lua stack limit') end
    encodeTable(value, out, depth)
  else
    out[#out + 1] = '_ '
  end
end
`;

/** Lua that defines the library. */
export const REDIS_API = String.raw`
local function fail(text) error({ err = 'ERR ' .. text }) end

local function words(...)
  local count = select('#', ...)
  if count == 0 then return nil, 'Please specify at least one argument for this redis lib call' end
  local list = { ... }
  for i = 1, count do
    local kind = type(list[i])
    if kind == 'number' then
      list[i] = format('%.17g', list[i])
    elseif kind ~= 'string' then
      return nil, 'Lua redis lib command arguments must be strings or integers'
    end
  end
  return list, count
end

local api = {}
api.call = function(...)
  local list, count = words(...)
  if not list then fail(count) end
  local value = reply(host('c', unpack(list, 1, count)))
  if type(value) == 'table' and value.err then error(value) end
  return value
end
api.pcall = function(...)
  local list, count = words(...)
  if not list then return { err = 'ERR ' .. count } end
  return reply(host('c', unpack(list, 1, count)))
end

-- An error begins with its code: a word after a minus sign. Other texts get the common one.
local function errorText(text)
  text = match(text, '^(.*[^\r\n])[\r\n]*$') or ''
  if sub(text, 1, 1) ~= '-' then text = '-' .. text end
  local code, rest = match(text, '^%-(%S*) (.*)$')
  if code then return code .. ' ' .. rest end
  return 'ERR ' .. sub(text, 2)
end
local function oneString(count, value)
  return count == 1 and type(value) == 'string'
end
local WRONG_ARGUMENTS = 'ERR wrong number or type of arguments'
api.error_reply = function(...)
  if not oneString(select('#', ...), (...)) then return { err = WRONG_ARGUMENTS } end
  return { err = errorText((...)) }
end
api.status_reply = function(...)
  if not oneString(select('#', ...), (...)) then return { err = WRONG_ARGUMENTS } end
  return { ok = (...) }
end
api.sha1hex = function(...)
  if select('#', ...) ~= 1 then fail('wrong number of arguments') end
  local kind = type((...))
  return reply(host('h', (kind == 'string' or kind == 'number') and tostring((...)) or ''))
end
api.log = function(...)
  local count = select('#', ...)
  if count < 2 then fail('redis.log() requires two arguments or more.') end
  local level = ...
  if type(level) ~= 'number' then fail('First argument must be a number (log level).') end
  if level < 0 or level > 3 then fail('Invalid debug level.') end
  local texts = {}
  for i = 2, count do texts[#texts + 1] = tostring((select(i, ...))) end
  host('l', format('%d', level), concat(texts, ' '))
end
api.setresp = function(...)
  if select('#', ...) ~= 1 then fail('redis.setresp() requires one argument.') end
  local version = tonumber((...))
  if version ~= 2 and version ~= 3 then fail('RESP version must be 2 or 3.') end
  host('v', format('%d', version))
end
api.acl_check_cmd = function(...)
  local list, count = words(...)
  if not list then
    fail(count == WRONG_ARGUMENTS and count or 'Please specify at least one argument for this redis lib call')
  end
  if host('a', list[1]) == 0 then fail('Invalid command passed to redis.acl_check_cmd()') end
  return true
end
api.set_repl = function(...)
  if select('#', ...) ~= 1 then fail('redis.set_repl() requires one argument.') end
  local flags = tonumber((...))
  if not flags or flags < 0 or flags > 3 then
    fail('Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.')
  end
end
api.replicate_commands = function() return true end
api.breakpoint = function() return false end
api.debug = function() end
api.LOG_DEBUG, api.LOG_VERBOSE, api.LOG_NOTICE, api.LOG_WARNING = 0, 1, 2, 3
api.REPL_NONE, api.REPL_AOF, api.REPL_SLAVE, api.REPL_REPLICA, api.REPL_ALL = 0, 1, 2, 2, 3
api.REDIS_VERSION, api.REDIS_VERSION_NUM = REDIS_VERSION, REDIS_VERSION_NUM
expose('redis', api)
`;

/** Lua that defines `serve`, which the server calls for each script. */
export const SERVE = String.raw`
local scripts = {}

-- Adds the place of an error, as Redis does: the first function of the script above it.
local function handler(fault)
  if type(fault) ~= 'table' then fault = { err = 'ERR ' .. tostring(fault) } end
  for level = 2, 200 do
    local info = getinfo(level, 'Sl')
    if not info then break end
    if info.what ~= 'C' and info.what ~= 'tail' and info.source ~= '=ringbus' then
      rawset(fault, 'source', info.source)
      rawset(fault, 'line', info.currentline)
      break
    end
  end
  return fault
end

local operations = {}
operations.compile = function(id, text)
  local script, fault = loadstring(textOnly(text), '@user_script')
  if not script then return '-' .. #fault .. ' ' .. fault end
  host('t', string.dump(script))
  scripts[id] = setfenv(loadstring(read(tonumber(read(12)))), sandbox)
  return '_ '
end
operations.forget = function(id)
  scripts[id] = nil
  return '_ '
end
operations.run = function(id, keys, arguments)
  globals.KEYS, globals.ARGV = keys, arguments
  seed(0)
  local isDone, result = limited(scripts[id], handler)
  globals.KEYS, globals.ARGV = nil, nil
  if isDone then
    local out = {}
    encode(result, out, 1)
    return concat(out)
  end
  if type(result) ~= 'table' then result = { err = 'ERR ' .. tostring(result) } end
  local place = result.source and ', on ' .. tostring(result.source) .. ':' .. tostring(result.line) or ''
  local text = tostring(rawget(result, 'err') or 'ERR unknown error') .. ' script: ' .. id .. place .. '.'
  return '-' .. #text .. ' ' .. text
end

function serve()
  local request = decode(read(tonumber(read(12))), 1)
  return operations[request[1]](request[2], request[3], request[4])
end
`;
