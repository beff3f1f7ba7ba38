-- A message of about 250 bytes, with an id of its own each time, also in the next run: what is stored
-- again takes another way. All but the id is written once: what this costs, the server has not.
local PLACE = "########"
local count = 0
local before, after

function init()
  local body = '{"namespace":"bench","topic":"t","message":{"id":9737962' ..
    string.format("%04d", os.time() % 10000) .. PLACE .. "," ..
    '"sender":{"id":"agent-1","name":"Agent One"},"topics":"t",' ..
    '"payload":{"action":"process_data","worker":17,"text":"the quick brown fox"},' ..
    '"format":"generic_json","timestamp":1700000000000,"priority":4}}'
  local headers = { ["Content-Type"] = "application/json" }
  local whole = wrk.format("POST", "/store_message", headers, body)
  local start = whole:find(PLACE, 1, true)
  before, after = whole:sub(1, start - 1), whole:sub(start + #PLACE)
end

function request()
  count = count + 1
  return before .. string.format("%08d", count) .. after
end
