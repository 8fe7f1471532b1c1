-- Loads balances into a closed gate and, with an epoch, opens it.
-- KEYS  1 epoch  2.. organizations
-- ARGV  1 epoch ('' = stay closed, more follow)  then per organization: available nanos, unposted
--       nanos ('' = as it is)
-- Returns 1, or 0 when the gate is open already; then nothing was changed.

if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for i = 2, #KEYS do
  local at = 2 + (i - 2) * 2
  redis.call('HSET', KEYS[i], 'available', ARGV[at])
  if ARGV[at + 1] ~= '' then redis.call('HSET', KEYS[i], 'unposted', ARGV[at + 1]) end
end
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
