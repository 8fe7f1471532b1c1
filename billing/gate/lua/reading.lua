-- Reads balances as they are at one instant.
-- KEYS  1 epoch  2.. organizations
-- Returns {epoch or '' while closed, run id of the server, then per organization available, held,
--       unposted, open ('0' if absent)}.

local reply = {open_epoch() or '', run_id()}
for i = 2, #KEYS do
  local row = redis.call('HMGET', KEYS[i], 'available', 'held', 'unposted', 'open')
  for j = 1, 4 do reply[#reply + 1] = row[j] or '0' end
end
return reply
