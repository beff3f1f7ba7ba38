/**
 * What scripts see of Lua: the libraries that Redis gives them. They cannot change these, and cannot make
 * global variables.
 *
 * @module
 */

/**
 * Lua that defines `sandbox`, the globals of scripts; `expose(name, library)`; `library(table)`, which
 * protects a table; `limited(script)`, and `watch(thread)`, which the limit of time needs.
 */
export const SANDBOX = String.raw`
local setmetatable, getmetatable, rawset, rawget = setmetatable, getmetatable, rawset, rawget
local error, type, next, select, unpack = error, type, next, select, unpack
local tostring, tonumber, pcall, xpcall = tostring, tonumber, pcall, xpcall
local format, match, find, sub, byte, char, rep = string.format, string.match, string.find, string.sub,
  string.byte, string.char, string.rep
local concat, insert, floor = table.concat, table.insert, math.floor
local setfenv, loadstring, load = setfenv, loadstring, load
local sethook, getinfo, newproxy = debug.sethook, debug.getinfo, newproxy
local create, resume, running, yield = coroutine.create, coroutine.resume, coroutine.running, coroutine.yield

local READ_ONLY = 'Attempt to modify a readonly table'

-- The protected tables: what a script has of each is empty, and looks there.
local originals, facades = {}, {}
local function refuse() error(READ_ONLY, 2) end
local function protect(original, missing)
  if missing then setmetatable(original, { __index = missing }) end
  local facade = {}
  originals[facade] = original
  facades[#facades + 1] = facade
  return setmetatable(facade, { __index = original, __newindex = refuse, __metatable = false })
end
-- Library functions of C may have written to them all the same.
local function cleanFacades()
  for _, facade in ipairs(facades) do
    while next(facade) ~= nil do rawset(facade, next(facade), nil) end
  end
end

local globals = {}
local sandbox = protect(globals, function(_, name)
  error('Script attempted to access nonexistent global variable \'' .. tostring(name) .. '\'', 2)
end)
globals._G = sandbox
for _, name in ipairs({ '_VERSION', 'assert', 'collectgarbage', 'error', 'gcinfo', 'ipairs',
  'rawequal', 'rawget', 'select', 'tonumber', 'tostring', 'type', 'unpack', 'xpcall' }) do
  globals[name] = _G[name]
end
local function expose(name, members) globals[name] = protect(members) end

local function checkTable(name, value, isGiven)
  if type(value) == 'table' then return end
  local got = isGiven and type(value) or 'no value'
  error('bad argument #1 to \'' .. name .. '\' (table expected, got ' .. got .. ')', 3)
end
globals.next = function(...)
  local subject, key = ...
  checkTable('next', subject, select('#', ...) > 0)
  return next(originals[subject] or subject, key)
end
globals.pairs = function(...)
  local subject = ...
  checkTable('pairs', subject, select('#', ...) > 0)
  return next, originals[subject] or subject, nil
end
-- Of an error of a command the text is given.
local function withoutTable(isDone, ...)
  local fault = ...
  if isDone or type(fault) ~= 'table' then return isDone, ... end
  local text = fault.err
  return false, (type(text) == 'string' or type(text) == 'number') and text or fault
end
globals.pcall = function(...) return withoutTable(pcall(...)) end
globals.rawset = function(subject, key, value)
  if originals[subject] then error(READ_ONLY, 0) end
  return rawset(subject, key, value)
end
globals.rawget = function(subject, key) return rawget(originals[subject] or subject, key) end
globals.setmetatable = function(...)
  local subject, meta = ...
  checkTable('setmetatable', subject, select('#', ...) > 0)
  if meta ~= nil and type(meta) ~= 'table' then
    error('bad argument #2 to \'setmetatable\' (nil or table expected)', 2)
  end
  if originals[subject] then error(READ_ONLY, 0) end
  return setmetatable(subject, meta)
end
globals.getmetatable = function(subject)
  if originals[subject] then return nil end
  return getmetatable(subject)
end

-- Compiled chunks could break the interpreter: they are read as text.
local function textOnly(text) return byte(text) == 27 and ' ' .. text or text end
local function inSandbox(chunk, fault)
  if chunk then return setfenv(chunk, sandbox) end
  return nil, fault
end
globals.loadstring = function(text, name)
  if type(text) ~= 'string' and type(text) ~= 'number' then return loadstring(text, name) end
  return inSandbox(loadstring(textOnly(text), name or text))
end
globals.load = function(reader, name)
  local isFirst = true
  return inSandbox(load(function()
    local part = reader()
    if isFirst and type(part) == 'string' and part ~= '' then
      isFirst = false
      return textOnly(part)
    end
    return part
  end, name))
end

-- The interpreter calls this hook from time to time, and again at every line when the time is over.
local INSTRUCTIONS = 100000
local isKilled = false
local function hook()
  if isKilled then
    -- What is around the script may end its work.
    if getinfo(2, 'S').source == '=ringbus' then return end
  else
    local next = clock()
    if next == 2 then suspend(0, 0) end
    if next ~= 1 then return end
  end
  isKilled = true
  sethook(hook, 'l', 1)
  error({ err = 'ERR Script killed by user with SCRIPT KILL...' })
end
local function watch(thread) sethook(thread, hook, '', INSTRUCTIONS) end
local function limited(script, handler)
  isKilled = false
  sethook(hook, '', INSTRUCTIONS)
  local isDone, result = xpcall(script, handler)
  sethook()
  cleanFacades()
  return isDone, result
end

local threads = {}
for name, value in pairs(coroutine) do threads[name] = value end
threads.create = function(body)
  local thread = create(body)
  watch(thread)
  return thread
end
local function unwrapped(isDone, ...)
  if not isDone then error((...), 3) end
  return ...
end
threads.wrap = function(body)
  local thread = threads.create(body)
  return function(...) return unwrapped(resume(thread, ...)) end
end
expose('coroutine', threads)
`;

/** Lua that gives scripts the libraries of strings and tables. */
export const LIBRARIES = String.raw`
local function copy(library)
  local members = {}
  for name, value in pairs(library) do members[name] = value end
  return members
end
expose('string', copy(string))
expose('table', copy(table))
local ofStrings = getmetatable('')
ofStrings.__metatable = protect(copy(ofStrings))
rawset(originals[ofStrings.__metatable], '__index', globals.string)
`;

/** Lua that defines the library `math`, whose random numbers are the same in each run of a script. */
export const MATH = String.raw`
-- The state of drand48, in two halves of 24 bits.
local HALF = 2 ^ 24
local LARGEST = 2147483647
local high, low
function seed(number)
  local state = (number % 2 ^ 32) * 2 ^ 16 + 0x330E
  high, low = floor(state / HALF), state % HALF
end
local function draw()
  local product = low * 0xECE66D + 0xB
  high = (high * 0xECE66D + low * 0x5DE + floor(product / HALF)) % HALF
  low = product % HALF
  return (high * 2 ^ 7 + floor(low / 2 ^ 17)) % LARGEST / LARGEST
end
local function integer(name, position, value)
  local number = tonumber(value)
  if not number then
    local got = value == nil and 'nil' or type(value)
    error('bad argument #' .. position .. ' to \'' .. name .. '\' (number expected, got ' .. got .. ')', 3)
  end
  return number < 0 and math.ceil(number) or floor(number)
end
local numbers = copy(math)
numbers.random = function(...)
  local count, drawn = select('#', ...), draw()
  if count == 0 then return drawn end
  if count > 2 then error('wrong number of arguments', 2) end
  local first = integer('random', 1, (...))
  local last = count == 2 and integer('random', 2, (select(2, ...)))
  if not last then first, last = 1, first end
  if first > last then error('bad argument #' .. count .. ' to \'random\' (interval is empty)', 2) end
  return floor(drawn * (last - first + 1)) + first
end
numbers.randomseed = function(...) seed(integer('randomseed', 1, (...))) end
expose('math', numbers)
`;
