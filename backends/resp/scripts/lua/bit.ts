/**
 * The library `bit` of scripts.
 *
 * @module
 */

/** Lua that defines the library. */
export const BIT = String.raw`
local WORD = 2 ^ 32
-- The nearest whole number, of which the low 32 bits count.
local function word(name, position, value)
  local number = tonumber(value)
  if not number then
    local got = value == nil and 'no value' or type(value)
    error('bad argument #' .. position .. ' to \'' .. name .. '\' (number expected, got ' .. got .. ')', 3)
  end
  -- Beyond these the bits are those of the number after the same addition in C.
  if number ~= number then return 0 end
  if number >= 2 ^ 51 or number <= -2 ^ 51 then
    return numberOf(sub(floatBytes(number + 2 ^ 52 + 2 ^ 51, 8), 5))
  end
  local whole = floor(number)
  local rest = number - whole
  if rest > 0.5 or (rest == 0.5 and whole % 2 == 1) then whole = whole + 1 end
  return whole % WORD
end
local function signed(number)
  number = number % WORD
  return number >= 2 ^ 31 and number - WORD or number
end

-- Results for two digits of four bits.
local function digits(truth)
  local results = {}
  for first = 0, 15 do
    for second = 0, 15 do
      local result, place = 0, 1
      for shift = 0, 3 do
        local one, other = floor(first / 2 ^ shift) % 2, floor(second / 2 ^ shift) % 2
        result = result + truth(one, other) * place
        place = place * 2
      end
      results[first * 16 + second] = result
    end
  end
  return results
end
local function combined(results, first, second)
  local result, place = 0, 1
  for _ = 1, 8 do
    local one, other = first % 16, second % 16
    result = result + results[one * 16 + other] * place
    first, second, place = (first - one) / 16, (second - other) / 16, place * 16
  end
  return result
end
local bits = {}
local function define(name, truth)
  local results = digits(truth)
  bits[name] = function(...)
    local result = word(name, 1, (...))
    for i = 2, select('#', ...) do
      result = combined(results, result, word(name, i, (select(i, ...))))
    end
    return signed(result)
  end
end
define('band', function(one, other) return one * other end)
define('bor', function(one, other) return one + other > 0 and 1 or 0 end)
define('bxor', function(one, other) return (one + other) % 2 end)

local function shift(name, compute)
  bits[name] = function(value, count)
    local number, by = word(name, 1, value), word(name, 2, count) % 32
    return signed(compute(number, by))
  end
end
local function rotated(number, by)
  return number * 2 ^ by % WORD + floor(number / 2 ^ (32 - by))
end
shift('lshift', function(number, by) return number % 2 ^ (32 - by) * 2 ^ by end)
shift('rshift', function(number, by) return floor(number / 2 ^ by) end)
shift('arshift', function(number, by) return floor(signed(number) / 2 ^ by) end)
shift('rol', rotated)
shift('ror', function(number, by) return rotated(number, (32 - by) % 32) end)

local function unary(name, compute)
  bits[name] = function(value) return signed(compute(word(name, 1, value))) end
end
unary('tobit', function(number) return number end)
unary('bnot', function(number) return WORD - 1 - number end)
unary('bswap', function(number)
  local result = 0
  for _ = 1, 4 do
    result = result * 256 + number % 256
    number = floor(number / 256)
  end
  return result
end)
bits.tohex = function(value, count)
  local number = word('tohex', 1, value)
  local digit, length = '%08x', count == nil and 8 or signed(word('tohex', 2, count))
  if length < 0 then digit, length = '%08X', -length end
  if length > 8 then length = 8 end
  return length == 0 and '' or sub(format(digit, number), -length)
end
expose('bit', bits)
`;
