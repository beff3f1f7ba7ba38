/**
 * The library `cjson` of scripts.
 *
 * @module
 */

/** Lua that defines the library. */
export const CJSON = String.raw`
local null = newproxy()
local json = {}
-- What the configuring functions change; Redis keeps it for all scripts as well.
local settings = {
  depth = 1000, decodeDepth = 1000, precision = 14, convertsSparse = false, sparseRatio = 2, sparseSafe = 10,
  allowsInvalid = false, decodesInvalid = true, keepsBuffer = true,
}

local ESCAPES = { ['"'] = '\\"', ['\\'] = '\\\\', ['/'] = '\\/', ['\b'] = '\\b', ['\f'] = '\\f',
  ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t', ['\127'] = '\\u007f' }
for code = 0, 31 do
  local letter = char(code)
  ESCAPES[letter] = ESCAPES[letter] or format('\\u%04x', code)
end
local function quoted(text)
  return '"' .. text:gsub('[%c"\\/\127]', ESCAPES):gsub('%z', '\\u0000') .. '"'
end
local function cannot(kind, why) error('Cannot serialise ' .. kind .. ': ' .. why, 0) end
local function numberText(value)
  if value ~= value or value == math.huge or value == -math.huge then
    if not settings.allowsInvalid then cannot('number', 'must not be NaN or Inf') end
    if settings.allowsInvalid == 'null' then return 'null' end
    return value ~= value and 'nan' or (value > 0 and 'inf' or '-inf')
  end
  return format('%.' .. settings.precision .. 'g', value)
end
-- The length of an array; nil for other tables.
local function arrayLength(subject)
  local largest, count = 0, 0
  for key in next, subject do
    if type(key) ~= 'number' or key < 1 or key ~= floor(key) then return nil end
    if key > largest then largest = key end
    count = count + 1
  end
  local ratio = settings.sparseRatio
  if ratio > 0 and largest > count * ratio and largest > settings.sparseSafe then
    if not settings.convertsSparse then cannot('table', 'excessively sparse array') end
    return nil
  end
  return largest
end
local encodeJson
local function encodeList(subject, length, out, depth)
  out[#out + 1] = '['
  for i = 1, length do
    if i > 1 then out[#out + 1] = ',' end
    encodeJson(rawget(subject, i), out, depth)
  end
  out[#out + 1] = ']'
end
local function encodeObject(subject, out, depth)
  out[#out + 1] = '{'
  local isFirst = true
  for key, value in next, subject do
    if not isFirst then out[#out + 1] = ',' end
    isFirst = false
    local kind = type(key)
    if kind == 'number' then
      out[#out + 1] = '"' .. numberText(key) .. '":'
    elseif kind == 'string' then
      out[#out + 1] = quoted(key) .. ':'
    else
      cannot(kind, 'table key must be a number or string')
    end
    encodeJson(value, out, depth)
  end
  out[#out + 1] = '}'
end
function encodeJson(value, out, depth)
  local kind = type(value)
  if kind == 'string' then out[#out + 1] = quoted(value)
  elseif kind == 'number' then out[#out + 1] = numberText(value)
  elseif kind == 'boolean' then out[#out + 1] = value and 'true' or 'false'
  elseif kind == 'nil' or value == null then out[#out + 1] = 'null'
  elseif kind == 'table' then
    value = originals[value] or value
    depth = depth + 1
    if depth > settings.depth then
      error('Cannot serialise, excessive nesting (' .. depth .. ')', 0)
    end
    local length = arrayLength(value)
    if length and length > 0 then encodeList(value, length, out, depth)
    else encodeObject(value, out, depth) end
  else
    cannot(kind, 'type not supported')
  end
end
json.encode = function(...)
  if select('#', ...) ~= 1 then error('bad argument #1 to \'encode\' (expected 1 argument)', 2) end
  local out = {}
  local isDone, fault = pcall(encodeJson, (...), out, 0)
  if not isDone then error(fault, 2) end
  return concat(out)
end

-- Tokens, of which errors speak, and where they are.
local scanString
local function tokenAt(text, at)
  local letter = sub(text, at, at)
  if letter == '' or letter == '\0' then return 'T_END', at end
  if letter == '"' then return scanString(text, at) end
  local names = { ['{'] = 'T_OBJ_BEGIN', ['}'] = 'T_OBJ_END', ['['] = 'T_ARR_BEGIN', [']'] = 'T_ARR_END',
    [','] = 'T_COMMA', [':'] = 'T_COLON' }
  if names[letter] then return names[letter], at end
  if find(text, '^true', at) or find(text, '^false', at) then return 'T_BOOLEAN', at end
  if find(text, '^null', at) then return 'T_NULL', at end
  if find(text, '^[+-]?%.?%d', at) and letter ~= '.' or find(text, '^[+-]?[iI][nN][fF]', at) or
    find(text, '^[+-]?[nN][aA][nN]', at) then
    return 'T_NUMBER', at
  end
  return (letter == '-' or letter == '+') and 'invalid number' or 'invalid token', at
end
local function unexpected(expected, text, at)
  local token, place = tokenAt(text, at)
  error('Expected ' .. expected .. ' but found ' .. token .. ' at character ' .. place, 0)
end
local function skip(text, at) return (match(text, '^[ \t\r\n]*()', at)) end

local function utf8(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
  end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64,
    0x80 + code % 64)
end
local LETTERS = { b = '\b', f = '\f', n = '\n', r = '\r', t = '\t', ['"'] = '"', ['\\'] = '\\', ['/'] = '/' }
local function invalid(what, at) error({ token = what, place = at }) end
-- The character of an escape whose backslash is at a position, and the position after it.
local function unescape(text, at)
  local letter = sub(text, at + 1, at + 1)
  if LETTERS[letter] then return LETTERS[letter], at + 2 end
  if letter ~= 'u' then invalid('invalid escape code', at) end
  local digits = match(text, '^%x%x%x%x', at + 2)
  if not digits then invalid('invalid unicode escape code', at) end
  local code = tonumber(digits, 16)
  if code < 0xD800 or code > 0xDFFF then return utf8(code), at + 6 end
  local second = match(text, '^\\u(%x%x%x%x)', at + 6)
  local low = second and tonumber(second, 16)
  if code > 0xDBFF or not low or low < 0xDC00 or low > 0xDFFF then invalid('invalid unicode escape code', at) end
  return utf8((code - 0xD800) * 1024 + low - 0xDC00 + 0x10000), at + 12
end
local function decodeString(text, at)
  local first, start = at, at + 1
  local finish = find(text, '["\\%c]', start)
  if finish and byte(text, finish) == 34 then return sub(text, start, finish - 1), finish + 1 end
  local parts = {}
  at = start
  while true do
    finish = find(text, '["\\%z]', at)
    if not finish then invalid('unexpected end of string', #text + 1) end
    parts[#parts + 1] = sub(text, at, finish - 1)
    local code = byte(text, finish)
    if code == 34 then return concat(parts), finish + 1 end
    if code == 0 then invalid('unexpected end of string', finish) end
    parts[#parts + 1], at = unescape(text, finish)
  end
end
function scanString(text, at)
  local isDone, fault = pcall(decodeString, text, at)
  if isDone then return 'T_STRING', at end
  return fault.token, fault.place
end
-- A string where something is expected.
local function expectString(expected, text, at)
  if byte(text, at) ~= 34 then unexpected(expected, text, at) end
  local isDone, value, after = pcall(decodeString, text, at)
  if not isDone then unexpected(expected, text, at) end
  return value, after
end
-- The position after a number. Each pattern has one repetition, so that long numbers take linear time.
local function numberEnd(text, at)
  local start = match(text, '^[+-]?()', at)
  local finish = match(text, '^0[xX]%x+()', start)
  if finish then return finish end
  finish = match(text, '^%d+()', start)
  if finish then finish = match(text, '^%.%d*()', finish) or finish
  elseif start > at then finish = match(text, '^%.%d+()', start) end
  return finish and (match(text, '^[eE][+-]?%d+()', finish) or finish)
end
local function decodeNumber(text, at)
  local leading = match(text, '^%-?0%d', at)
  if leading and not settings.decodesInvalid then return nil end
  local after = numberEnd(text, at)
  if after then return tonumber(sub(text, at, after - 1)), after end
  if settings.decodesInvalid then
    local word = match(text, '^[+-]?[iI][nN][fF][iI][nN][iI][tT][yY]', at) or match(text, '^[+-]?[iI][nN][fF]', at)
    if word then return sub(word, 1, 1) == '-' and -math.huge or math.huge, at + #word end
    word = match(text, '^[+-]?[nN][aA][nN]', at)
    if word then return 0 / 0, at + #word end
  end
end
local decodeJson
local function deeper(depth, at)
  if depth < settings.decodeDepth then return depth + 1 end
  error('Found too many nested data structures (' .. (depth + 1) .. ') at character ' .. at, 0)
end
local function decodeObject(text, at, depth)
  depth = deeper(depth, at)
  local object = {}
  at = skip(text, at + 1)
  if byte(text, at) == 125 then return object, at + 1 end
  while true do
    local key, value
    key, at = expectString('object key string', text, at)
    at = skip(text, at)
    if byte(text, at) ~= 58 then unexpected('colon', text, at) end
    value, at = decodeJson(text, skip(text, at + 1), depth)
    object[key] = value
    at = skip(text, at)
    local code = byte(text, at)
    if code == 125 then return object, at + 1 end
    if code ~= 44 then unexpected('comma or object end', text, at) end
    at = skip(text, at + 1)
  end
end
local function decodeArray(text, at, depth)
  depth = deeper(depth, at)
  local list, count = {}, 0
  at = skip(text, at + 1)
  if byte(text, at) == 93 then return list, at + 1 end
  while true do
    count = count + 1
    list[count], at = decodeJson(text, at, depth)
    at = skip(text, at)
    local code = byte(text, at)
    if code == 93 then return list, at + 1 end
    if code ~= 44 then unexpected('comma or array end', text, at) end
    at = skip(text, at + 1)
  end
end
function decodeJson(text, at, depth)
  local code = byte(text, at)
  if code == 34 then return expectString('value', text, at) end
  if code == 123 then return decodeObject(text, at, depth) end
  if code == 91 then return decodeArray(text, at, depth) end
  if find(text, '^true', at) then return true, at + 4 end
  if find(text, '^false', at) then return false, at + 5 end
  if find(text, '^null', at) then return null, at + 4 end
  local value, after = decodeNumber(text, at)
  if value == nil then unexpected('value', text, at) end
  return value, after
end
local function decodeAll(text)
  if #text >= 2 and (byte(text) == 0 or byte(text, 2) == 0) then
    error('JSON parser does not support UTF-16 or UTF-32', 0)
  end
  local value, at = decodeJson(text, skip(text, 1), 0)
  at = skip(text, at)
  if at <= #text and byte(text, at) ~= 0 then unexpected('the end', text, at) end
  return value
end
json.decode = function(...)
  if select('#', ...) ~= 1 then error('bad argument #1 to \'decode\' (expected 1 argument)', 2) end
  local text = ...
  if type(text) ~= 'string' and type(text) ~= 'number' then
    error('bad argument #1 to \'decode\' (string expected, got ' .. type(text) .. ')', 2)
  end
  local isDone, value = pcall(decodeAll, tostring(text))
  if not isDone then error(value, 2) end
  return value
end

local function integerOption(name, setting, least, most)
  json[name] = function(value)
    if value ~= nil then
      local given = tonumber(value)
      if not given or given < least or given > most then
        error('bad argument #1 to \'' .. name .. '\' (expected integer between ' .. format('%d', least) .. ' and ' ..
          format('%d', most) .. ')', 2)
      end
      settings[setting] = given
    end
    return settings[setting]
  end
end
integerOption('encode_max_depth', 'depth', 1, 2147483647)
integerOption('decode_max_depth', 'decodeDepth', 1, 2147483647)
integerOption('encode_number_precision', 'precision', 1, 14)
local function choice(name, setting)
  json[name] = function(value)
    if value ~= nil then settings[setting] = value end
    return settings[setting]
  end
end
choice('encode_invalid_numbers', 'allowsInvalid')
choice('decode_invalid_numbers', 'decodesInvalid')
choice('encode_keep_buffer', 'keepsBuffer')
json.encode_sparse_array = function(converts, ratio, safe)
  if converts ~= nil then settings.convertsSparse = converts end
  if ratio ~= nil then settings.sparseRatio = tonumber(ratio) end
  if safe ~= nil then settings.sparseSafe = tonumber(safe) end
  return settings.convertsSparse, settings.sparseRatio, settings.sparseSafe
end
json.null, json._NAME, json._VERSION = null, 'cjson', '2.1.0'
json.new = function() return sandbox.cjson end
expose('cjson', json)
`;
