/**
 * Bytes of numbers, for the libraries of scripts that pack values.
 *
 * @module
 */

/** Lua that defines `bytesOf`, `numberOf`, `floatBytes` and `floatOf`. */
export const FLOATS = String.raw`
-- The halves of a whole number of 64 bits: each of them is exact.
local HALF_WORD = 2 ^ 32
local function halfBytes(number)
  return char(floor(number / 2 ^ 24), floor(number / 2 ^ 16) % 256, floor(number / 2 ^ 8) % 256, number % 256)
end
-- The bytes of a whole number, the last one last; numbers below 0 in two's complement.
function bytesOf(number, size)
  local high = floor(number / HALF_WORD)
  local bytes = halfBytes(high % HALF_WORD) .. halfBytes(number - high * HALF_WORD)
  if size > 8 then bytes = rep(high < 0 and '\255' or '\0', size - 8) .. bytes end
  return sub(bytes, -size)
end
local function valueOf(text)
  local number = 0
  for i = 1, #text do number = number * 256 + byte(text, i) end
  return number
end
function numberOf(text, isSigned)
  if #text > 8 then text = sub(text, -8) end
  local high, low = sub(text, 1, -5), sub(text, -4)
  local number = valueOf(high)
  if isSigned and byte(text) >= 128 then
    if high == '' then return valueOf(low) - 256 ^ #low end
    number = number - 256 ^ #high
  end
  return number * HALF_WORD + valueOf(low)
end

-- IEEE 754: bits of the exponent and of the fraction of numbers of 4 and 8 bytes.
local FORMATS = { [4] = { 8, 23 }, [8] = { 11, 52 } }
-- The nearest whole number; of two the even one.
local function nearest(number)
  local whole = floor(number)
  local rest = number - whole
  if rest > 0.5 or (rest == 0.5 and whole % 2 == 1) then return whole + 1 end
  return whole
end
local function exponentAndFraction(number, exponentBits, fractionBits)
  local largest, bias = 2 ^ exponentBits - 1, 2 ^ (exponentBits - 1) - 1
  if number ~= number then return largest, 2 ^ (fractionBits - 1) end
  if number == 0 then return 0, 0 end
  if number == math.huge then return largest, 0 end
  local mantissa, power = math.frexp(number)
  local exponent = power - 1 + bias
  local fraction
  if exponent < 1 then
    fraction = nearest(math.ldexp(mantissa, power - 1 + bias + fractionBits))
    exponent = 0
  else
    fraction = nearest((mantissa * 2 - 1) * 2 ^ fractionBits)
  end
  if fraction >= 2 ^ fractionBits then exponent, fraction = exponent + 1, fraction - 2 ^ fractionBits end
  if exponent >= largest then return largest, 0 end
  return exponent, fraction
end
function floatBytes(number, size)
  local exponentBits, fractionBits = FORMATS[size][1], FORMATS[size][2]
  local isNegative = number < 0 or (number == 0 and 1 / number < 0) or number ~= number
  local exponent, fraction = exponentAndFraction(isNegative and -number or number, exponentBits, fractionBits)
  -- The exponent shares a byte with the fraction.
  local top = (isNegative and 2 ^ exponentBits or 0) + exponent
  local shared = fractionBits % 8
  local low = fraction % 2 ^ (fractionBits - shared)
  local head = top * 2 ^ shared + (fraction - low) / 2 ^ (fractionBits - shared)
  return bytesOf(head, size - (fractionBits - shared) / 8) .. bytesOf(low, (fractionBits - shared) / 8)
end
function floatOf(text)
  local size = #text
  local exponentBits, fractionBits = FORMATS[size][1], FORMATS[size][2]
  local headSize = size - (fractionBits - fractionBits % 8) / 8
  local head, low = numberOf(sub(text, 1, headSize)), numberOf(sub(text, headSize + 1))
  local shared = fractionBits % 8
  local fraction = head % 2 ^ shared * 2 ^ (fractionBits - shared) + low
  local top = floor(head / 2 ^ shared)
  local sign = top >= 2 ^ exponentBits and -1 or 1
  local exponent, bias = top % 2 ^ exponentBits, 2 ^ (exponentBits - 1) - 1
  if exponent == 2 ^ exponentBits - 1 then return fraction == 0 and sign * math.huge or 0 / 0 end
  if exponent == 0 then return sign * math.ldexp(fraction, 1 - bias - fractionBits) end
  return sign * math.ldexp(1 + fraction / 2 ^ fractionBits, exponent - bias)
end
`;
