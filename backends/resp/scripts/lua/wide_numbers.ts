/**
 * Whole numbers of 64 bits where the interpreter has 32: it is compiled for addresses of that size.
 *
 * @module
 */

/** Lua that replaces `string.format` and `tonumber`, and keeps `format` as it was. */
export const WIDE_NUMBERS = String.raw`
local SMALL = 2 ^ 31
local DIGITS = '0123456789abcdef'
local BASES = { o = 8, x = 16, X = 16, u = 10 }

-- The digits of a number of 64 bits as C writes it.
local function digitsOf(number, letter)
  if BASES[letter] and number >= 2 ^ 64 then number = 0 end
  local limit = BASES[letter] and 2 ^ 64 or 2 ^ 63
  if number ~= number or number >= limit or number < -2 ^ 63 then number = -2 ^ 63 end
  local whole = number < 0 and math.ceil(number) or floor(number)
  local base = BASES[letter]
  if not base then return format('%.0f', whole < 0 and -whole or whole), whole < 0 end
  if base == 10 and whole >= 0 then return format('%.0f', whole), false end
  local high, low = floor(whole / 2 ^ 32) % 2 ^ 32, whole % 2 ^ 32
  local digits = {}
  repeat
    local rest = (high % base) * 2 ^ 32 + low
    local digit = rest % base
    insert(digits, 1, sub(DIGITS, digit + 1, digit + 1))
    high, low = floor(high / base), (rest - digit) / base
  until high == 0 and low == 0
  local text = concat(digits)
  return letter == 'X' and text:upper() or text, false
end

-- The text of a number for flags, width, precision and letter of a format.
local function wideText(number, flags, width, precision, letter)
  local digits, isNegative = digitsOf(number, letter)
  local isSigned = letter == 'd' or letter == 'i'
  if precision then digits = rep('0', precision - #digits) .. digits end
  local sign = isNegative and '-' or isSigned and (match(flags, '%+') or match(flags, ' ')) or ''
  if find(flags, '#', 1, true) and letter ~= 'u' and not isSigned then
    sign = letter == 'o' and '0' or '0' .. letter
  end
  local missing = (width or 0) - #sign - #digits
  if find(flags, '-', 1, true) then return sign .. digits .. rep(' ', missing) end
  if find(flags, '0', 1, true) and not precision then return sign .. rep('0', missing) .. digits end
  return rep(' ', missing) .. sign .. digits
end

-- The position after a format of which the percent sign is at a position, and its parts.
local function partsAt(text, at)
  local flags, width, point, precision, letter, after =
    match(text, '^%%([-+ #0]*)(%d?%d?)(%.?)(%d?%d?)(%a?)()', at)
  return after, flags, tonumber(width), point ~= '' and (tonumber(precision) or 0) or nil, letter
end

local function isWide(value)
  local number = tonumber(value)
  return number ~= nil and not (number < SMALL and number >= -SMALL)
end

-- The same format with %s for each wide number, which becomes its text.
local function widened(text, values, count)
  local parts, position, at = {}, 0, 1
  while true do
    local sign = find(text, '%', at, true)
    if not sign then break end
    parts[#parts + 1] = sub(text, at, sign - 1)
    if sub(text, sign + 1, sign + 1) == '%' then
      parts[#parts + 1], at = '%%', sign + 2
    else
      local after, flags, width, precision, letter = partsAt(text, sign)
      position = position + 1
      local value = values[position]
      local isWhole = letter ~= '' and find('diouxX', letter, 1, true)
      if isWhole and position <= count and (isWide(value) or (letter ~= 'd' and letter ~= 'i' and (tonumber(value) or 0) < 0)) then
        parts[#parts + 1] = '%s'
        values[position] = wideText(tonumber(value), flags, width, precision, letter)
      else
        parts[#parts + 1] = sub(text, sign, after - 1)
      end
      at = after
    end
  end
  return concat(parts) .. sub(text, at)
end

-- An error of a native function has the place of the caller, and the name of the function.
local function placed(name, isDone, ...)
  if isDone then return ... end
  error(((...):gsub('%\'%?%\'', '\'' .. name .. '\'', 1)), 3)
end
-- The formats of whole numbers, and the native one for all others.
string.format = function(text, ...)
  local count = select('#', ...)
  if type(text) ~= 'string' or not find(text, '%%[-+ #0]*%d?%d?%.?%d?%d?[diouxX]') then
    return (placed('format', pcall(format, text, ...)))
  end
  local values = { ... }
  return (placed('format', pcall(format, widened(text, values, count), unpack(values, 1, count))))
end

-- Numbers in another base that do not fit 32 bits.
local function valueOf(text, base)
  local sign, digits = match(text, '^%s*(%-?)(%w+)%s*$')
  if not digits then return nil end
  if base == 16 then digits = match(digits, '^0[xX](%x+)$') or digits end
  local number = 0
  for i = 1, #digits do
    local digit = tonumber(sub(digits, i, i), 36)
    if not digit or digit >= base then return nil end
    number = number * base + digit
  end
  if number >= 2 ^ 64 then number = 2 ^ 64 end
  return sign == '-' and 2 ^ 64 - number or number
end
globals.tonumber = function(...)
  local text, base = ...
  if type(text) == 'string' and #text > 7 then
    if base ~= nil and base ~= 10 and type(base) == 'number' and base >= 2 and base <= 36 then
      return valueOf(text, base)
    end
    if base == nil and find(text, '^%s*%-?0[xX]%x+%s*$') then
      local sign, digits = match(text, '^%s*(%-?)0[xX](%x+)')
      local number = valueOf(digits, 16)
      return sign == '-' and -number or number
    end
  end
  return (placed('tonumber', pcall(tonumber, ...)))
end
`;
