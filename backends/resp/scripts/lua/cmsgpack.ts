/**
 * The library `cmsgpack` of scripts.
 *
 * @module
 */

/** Lua that defines the library. */
export const CMSGPACK = String.raw`
local MAX_NESTING = 16

local function isFloat32(number) return floatOf(floatBytes(number, 4)) == number end
local function packNumber(number)
  if number ~= floor(number) or number >= 2 ^ 63 or number < -2 ^ 63 then
    if isFloat32(number) then return '\202' .. floatBytes(number, 4) end
    return '\203' .. floatBytes(number, 8)
  end
  if number >= 0 then
    if number < 128 then return char(number) end
    if number < 2 ^ 8 then return '\204' .. char(number) end
    if number < 2 ^ 16 then return '\205' .. bytesOf(number, 2) end
    if number < 2 ^ 32 then return '\206' .. bytesOf(number, 4) end
    return '\207' .. bytesOf(number, 8)
  end
  if number >= -32 then return char(256 + number) end
  if number >= -2 ^ 7 then return '\208' .. bytesOf(number, 1) end
  if number >= -2 ^ 15 then return '\209' .. bytesOf(number, 2) end
  if number >= -2 ^ 31 then return '\210' .. bytesOf(number, 4) end
  return '\211' .. bytesOf(number, 8)
end
local function packString(text)
  local length = #text
  if length < 32 then return char(160 + length) .. text end
  if length < 2 ^ 8 then return '\217' .. char(length) .. text end
  if length < 2 ^ 16 then return '\218' .. bytesOf(length, 2) .. text end
  return '\219' .. bytesOf(length, 4) .. text
end
local function header(count, small, medium, large)
  if count < 16 then return char(small + count) end
  if count < 2 ^ 16 then return medium .. bytesOf(count, 2) end
  return large .. bytesOf(count, 4)
end
-- The number of elements if the keys are 1 to that number.
local function lengthOf(subject)
  local count, largest = 0, 0
  for key in next, subject do
    if type(key) ~= 'number' or key <= 0 or key ~= floor(key) then return nil end
    count = count + 1
    if key > largest then largest = key end
  end
  return count == largest and count or nil
end
local pack
local function packTable(subject, out, nesting)
  subject = originals[subject] or subject
  local length = lengthOf(subject)
  if length then
    out[#out + 1] = header(length, 144, '\220', '\221')
    for i = 1, length do pack(subject[i], out, nesting + 1) end
    return
  end
  local count = 0
  for _ in next, subject do count = count + 1 end
  out[#out + 1] = header(count, 128, '\222', '\223')
  for key, value in next, subject do
    pack(key, out, nesting + 1)
    pack(value, out, nesting + 1)
  end
end
function pack(value, out, nesting)
  local kind = type(value)
  if kind == 'string' then out[#out + 1] = packString(value)
  elseif kind == 'number' then out[#out + 1] = packNumber(value)
  elseif kind == 'boolean' then out[#out + 1] = value and '\195' or '\194'
  elseif kind == 'table' and nesting < MAX_NESTING then packTable(value, out, nesting)
  else out[#out + 1] = '\192' end
end

local MISSING, BAD = 'Missing bytes in input.', 'Bad data format in input.'
local function need(data, at, size)
  if at + size > #data + 1 then error(MISSING, 0) end
end
local function count(data, at, size)
  need(data, at, size)
  return numberOf(sub(data, at, at + size - 1)), at + size
end
local unpackValue
local function unpackArray(data, at, length)
  local items = {}
  for i = 1, length do
    items[i], at = unpackValue(data, at)
  end
  return items, at
end
local function unpackMap(data, at, length)
  local map = {}
  for _ = 1, length do
    local key, value
    key, at = unpackValue(data, at)
    value, at = unpackValue(data, at)
    if key == nil then error('table index is nil', 0) end
    if key ~= key then error('table index is NaN', 0) end
    map[key] = value
  end
  return map, at
end
local function unpackString(data, at, length)
  need(data, at, length)
  return sub(data, at, at + length - 1), at + length
end
-- What a first byte announces: size of the length or value, and how to read on.
local LENGTHS = { [217] = 1, [218] = 2, [219] = 4 }
local ARRAYS = { [220] = 2, [221] = 4 }
local MAPS = { [222] = 2, [223] = 4 }
local UNSIGNED = { [204] = 1, [205] = 2, [206] = 4 }
-- Redis reads numbers of 64 bits without a sign as those with one.
local SIGNED = { [207] = 8, [208] = 1, [209] = 2, [210] = 4, [211] = 8 }
local REALS = { [202] = 4, [203] = 8 }
local function sized(sizes, read)
  return function(data, at, first)
    local length
    length, at = count(data, at, sizes[first])
    return read(data, at, length)
  end
end
local READERS = {}
for first in pairs(LENGTHS) do READERS[first] = sized(LENGTHS, unpackString) end
for first in pairs(ARRAYS) do READERS[first] = sized(ARRAYS, unpackArray) end
for first in pairs(MAPS) do READERS[first] = sized(MAPS, unpackMap) end
for first, size in pairs(UNSIGNED) do READERS[first] = function(data, at) return count(data, at, size) end end
for first, size in pairs(SIGNED) do
  READERS[first] = function(data, at)
    need(data, at, size)
    return numberOf(sub(data, at, at + size - 1), true), at + size
  end
end
for first, size in pairs(REALS) do
  READERS[first] = function(data, at)
    need(data, at, size)
    return floatOf(sub(data, at, at + size - 1)), at + size
  end
end
READERS[192] = function(_, at) return nil, at end
READERS[194] = function(_, at) return false, at end
READERS[195] = function(_, at) return true, at end
function unpackValue(data, at)
  need(data, at, 1)
  local first = byte(data, at)
  at = at + 1
  if first < 128 then return first, at end
  if first >= 224 then return first - 256, at end
  if first >= 160 and first < 192 then return unpackString(data, at, first - 160) end
  if first >= 144 and first < 160 then return unpackArray(data, at, first - 144) end
  if first < 144 then return unpackMap(data, at, first - 128) end
  local reader = READERS[first]
  if not reader then error(BAD, 0) end
  return reader(data, at, first)
end

local function checkString(name, value, isGiven)
  if type(value) == 'string' or type(value) == 'number' then return tostring(value) end
  local got = isGiven and type(value) or 'no value'
  error('bad argument #1 to \'' .. name .. '\' (string expected, got ' .. got .. ')', 3)
end
-- Up to a limit of values from a position on, and the position after them.
local function unpackValues(data, limit, at)
  local values, found = {}, 0
  while at <= #data and (limit == 0 or found < limit) do
    local isDone, value, after = pcall(unpackValue, data, at)
    -- Redis tells no line for what its table does not take.
    if not isDone then error(value, sub(value, 1, 11) == 'table index' and 0 or 4) end
    found = found + 1
    values[found], at = value, after
  end
  return values, found, at
end
local function unpackFrom(data, limit, offset)
  if offset < 0 or limit < 0 then
    error(format('Invalid request to unpack with offset of %d and limit of %d.', offset, #data), 3)
  end
  if offset > #data then
    error(format('Start offset %d greater than input length %d.', offset, #data), 3)
  end
  local isLimited = limit > 0
  local values, found, at = unpackValues(data, limit, offset + 1)
  if not isLimited then return unpack(values, 1, found) end
  return at > #data and -1 or at - 1, unpack(values, 1, found)
end

local messages = {
  _NAME = 'cmsgpack', _VERSION = 'lua-cmsgpack 0.4.0',
  _COPYRIGHT = 'Copyright (C) 2012, Salvatore Sanfilippo', _DESCRIPTION = 'MessagePack C implementation for Lua',
}
messages.pack = function(...)
  local given = select('#', ...)
  if given == 0 then error('bad argument #0 to \'pack\' (MessagePack pack needs input.)', 2) end
  local out, values = {}, { ... }
  for i = 1, given do pack(values[i], out, 0) end
  return concat(out)
end
messages.unpack = function(...)
  return unpackFrom(checkString('unpack', (...), select('#', ...) > 0), 0, 0)
end
messages.unpack_one = function(data, offset)
  return unpackFrom(checkString('unpack_one', data, data ~= nil), 1, offset == nil and 0 or tonumber(offset))
end
messages.unpack_limit = function(data, limit, offset)
  return unpackFrom(checkString('unpack_limit', data, data ~= nil), tonumber(limit), offset == nil and 0 or tonumber(offset))
end
expose('cmsgpack', messages)
`;
