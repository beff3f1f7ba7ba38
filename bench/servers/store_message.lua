-- A message of about 250 bytes, with an id of its own each time.
local count = 0

function request()
  count = count + 1
  local body = string.format(
    '{"namespace":"bench","topic":"t","message":{"id":9737962%012d,' ..
    '"sender":{"id":"agent-1","name":"Agent One"},"topics":"t",' ..
    '"payload":{"action":"process_data","step":%d,"text":"the quick brown fox"},' ..
    '"format":"generic_json","timestamp":1700000000000,"priority":4}}', count, count)
  return wrk.format("POST", "/store_message", { ["Content-Type"] = "application/json" }, body)
end
