/**
 * The library `struct` of scripts.
 *
 * @module
 */

/** Lua that defines the library. */
export const STRUCT = String.raw`
local SIZES = { b = 1, B = 1, h = 2, H = 2, l = 8, L = 8, T = 8, f = 4, d = 8, x = 1, i = 4, I = 4 }
local NATIVE_ALIGN = 8

local function badArgument(position, name, text, level)
  error('bad argument #' .. position .. ' to \'' .. name .. '\' (' .. text .. ')', level)
end
-- The options of a format in turn: letter, size, alignment, byte order.
local function options(name, text)
  local at, isLittle, align = 1, true, 1
  local function number(default)
    local digits = match(text, '^%d+', at)
    if not digits then return default end
    at = at + #digits
    if tonumber(digits) > 2147483647 then error('integral size overflow', 4) end
    return tonumber(digits)
  end
  local function size(letter)
    if letter == 'i' or letter == 'I' then
      local bytes = number(4)
      if bytes > 32 then
        error('integral size ' .. bytes .. ' is larger than limit of 32', 4)
      end
      return bytes
    end
    if letter == 'c' then return number(1) end
    if letter == 's' or letter == ' ' or letter == '<' or letter == '>' or letter == '!' then return 0 end
    if SIZES[letter] then return SIZES[letter] end
    badArgument(1, name, 'invalid format option \'' .. letter .. '\'', 5)
  end
  return function()
    while at <= #text do
      local letter = sub(text, at, at)
      at = at + 1
      if letter == '<' then
        isLittle = true
      elseif letter == '>' then
        isLittle = false
      elseif letter == '!' then
        align = number(NATIVE_ALIGN)
        if align == 0 or 2 ^ floor(math.log(align) / math.log(2) + 0.5) ~= align then
          error('alignment is not a power of 2', 3)
        end
      elseif letter ~= ' ' then
        local bytes = size(letter)
        local padding = 0
        if bytes > 0 and letter ~= 'c' and letter ~= 'x' then padding = align end
        return letter, bytes, padding, isLittle
      end
    end
  end
end
-- The bits that a number has in common with a small one.
local function masked(number, mask)
  local result, place = 0, 1
  while mask > 0 do
    if mask % 2 == 1 and number % 2 == 1 then result = result + place end
    mask, number, place = floor(mask / 2), floor(number / 2), place * 2
  end
  return result
end
local function gap(total, size, align)
  if align > size then align = size end
  if align <= 1 then return 0 end
  return masked(align - masked(total, align - 1), align - 1)
end
local function whole(number)
  return number < 0 and math.ceil(number) or floor(number)
end
local function wrapped(number, size)
  number = whole(number)
  if number >= 2 ^ 63 then return number < 2 ^ 64 and number or 0 end
  if number ~= number or number >= 2 ^ 63 or number < -2 ^ 63 then number = -2 ^ 63 end
  if size >= 8 then return number end
  return number % 2 ^ (8 * size)
end
local function ordered(bytes, isLittle) return isLittle and bytes:reverse() or bytes end

local packing = {}
packing.pack = function(text, ...)
  if type(text) ~= 'string' then badArgument(1, 'pack', 'string expected, got ' .. (text == nil and 'no value' or type(text)), 3) end
  local out, total, position = {}, 0, 1
  local values = { ... }
  local function put(bytes)
    out[#out + 1] = bytes
    total = total + #bytes
  end
  local function argument(kind)
    local value = values[position]
    position = position + 1
    local converted
    if kind == 'number' then converted = tonumber(value)
    elseif type(value) == 'string' or type(value) == 'number' then converted = tostring(value) end
    if converted == nil then
      local got = type(value)
      badArgument(position, 'pack', kind .. ' expected, got ' .. got, 4)
    end
    return converted
  end
  for letter, size, align, isLittle in options('pack', text) do
    put(rep('\0', gap(total, size, align)))
    if letter == 'x' then
      put('\0')
    elseif letter == 'c' or letter == 's' then
      local value = argument('string')
      if letter == 's' then
        put(value .. '\0')
      else
        if size == 0 then size = #value end
        if #value < size then badArgument(position + 1, 'pack', 'string too short', 3) end
        put(sub(value, 1, size))
      end
    elseif letter == 'f' or letter == 'd' then
      put(ordered(floatBytes(argument('number'), size), isLittle))
    else
      put(ordered(bytesOf(wrapped(argument('number'), size), size), isLittle))
    end
  end
  return concat(out)
end
packing.unpack = function(text, data, from)
  if type(text) ~= 'string' then badArgument(1, 'unpack', 'string expected, got ' .. (text == nil and 'no value' or type(text)), 3) end
  if type(data) == 'number' then data = tostring(data) end
  if type(data) ~= 'string' then badArgument(2, 'unpack', 'string expected, got ' .. (data == nil and 'no value' or type(data)), 3) end
  local at = from == nil and 0 or whole(tonumber(from)) - 1
  local isBefore = at < 0
  if at == -1 then badArgument(3, 'unpack', 'offset must be 1 or greater', 3) end
  if isBefore and text ~= '' then badArgument(2, 'unpack', 'data string too short', 3) end
  local values, count = {}, 0
  local function need(size)
    if size > #data or at > #data - size then badArgument(2, 'unpack', 'data string too short', 4) end
  end
  local function add(value)
    count = count + 1
    values[count] = value
  end
  for letter, size, align, isLittle in options('unpack', text) do
    at = at + gap(at, size, align)
    need(size)
    local bytes = sub(data, at + 1, at + size)
    if letter == 'x' then
      -- It has no value.
    elseif letter == 's' then
      local last = find(data, '\0', at + 1, true)
      if not last then error('unfinished string in data', 2) end
      add(sub(data, at + 1, last - 1))
      size = last - at
    elseif letter == 'c' then
      if size == 0 then
        local length = values[count]
        if type(length) ~= 'number' then error('format \'c0\' needs a previous size', 2) end
        size = whole(length)
        count = count - 1
        need(size)
      end
      add(sub(data, at + 1, at + size))
    elseif letter == 'f' or letter == 'd' then
      add(floatOf(ordered(bytes, isLittle)))
    else
      local number = numberOf(ordered(bytes, isLittle), find(letter, '%l') ~= nil)
      add(number)
    end
    at = at + size
  end
  values[count + 1] = at + 1
  return unpack(values, 1, count + 1)
end
packing.size = function(text)
  local total = 0
  for letter, size, align in options('size', text) do
    total = total + gap(total, size, align)
    if letter == 's' then badArgument(1, 'size', 'option \'s\' has no fixed size', 3) end
    if letter == 'c' and size == 0 then badArgument(1, 'size', 'option \'c0\' has no fixed size', 3) end
    total = total + size
  end
  return total
end
expose('struct', packing)
`;
