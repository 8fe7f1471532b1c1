-- Takes posted usage events off the stream and off `unposted`, each once.
-- KEYS  1 epoch  2 usage  3.. organizations
-- ARGV  1 group, then per event: stream id, index of its organization in KEYS, debited nanos,
--       duplicate 0|1 (nothing was posted for it: the debit goes back to the balance)
-- Returns {'closed', 'epoch'}, or {events taken off}. An entry that is not pending is left alone.

if not open_epoch() then return {'closed', 'epoch'} end
local taken = 0
for at = 2, #ARGV - 4, 4 do  -- the last word is the run id
  local id, organization, debited = ARGV[at], KEYS[tonumber(ARGV[at + 1])], ARGV[at + 2]
  if redis.call('XACK', KEYS[2], ARGV[1], id) == 1 then
    redis.call('XDEL', KEYS[2], id)
    redis.call('HINCRBY', organization, 'unposted', debited == '0' and '0' or '-' .. debited)
    if ARGV[at + 3] == '1' then redis.call('HINCRBY', organization, 'available', debited) end
    taken = taken + 1
  end
end
return {taken}
