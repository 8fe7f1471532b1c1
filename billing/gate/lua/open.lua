-- Loads balances into a closed gate and, with an epoch, opens it.
-- KEYS  1 epoch  2.. organizations
-- ARGV  1 epoch ('' = stay closed, more follow)  2 run id of the server that the figures rest on
--       then per organization: available nanos, unposted nanos ('' = as it is)
-- Returns 1, or 0 when the gate is open already, or when this is another server process than that
--       one; then nothing was changed.

if open_epoch() or run_id() ~= ARGV[2] then return 0 end
for i = 2, #KEYS do
  local at = 3 + (i - 2) * 2
  redis.call('HSET', KEYS[i], 'available', ARGV[at])
  if ARGV[at + 1] ~= '' then redis.call('HSET', KEYS[i], 'unposted', ARGV[at + 1]) end
end
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[2] .. ':' .. ARGV[1]) end
return 1
