-- Moves the balance by a posted ledger transaction, once per transaction id.
-- KEYS  1 epoch  2 organization  3 credited marker of the transaction
-- ARGV  1 amount nanos, signed  2 allow negative 0|1  3 marker lifetime ms
-- Returns {'closed', 'epoch'}, or {applied 0|1, replay 0|1, available nanos}. A take that would
--       leave less than zero is not made and not marked, unless it is allowed (a dispute).

if not open_epoch() then return {'closed', 'epoch'} end
local available = redis.call('HGET', KEYS[2], 'available') or '0'
if redis.call('EXISTS', KEYS[3]) == 1 then return {1, 1, available} end
local amount = tonumber(ARGV[1])
if amount < 0 and ARGV[2] ~= '1' and tonumber(available) + amount < 0 then
  return {0, 0, available}
end
redis.call('HINCRBY', KEYS[2], 'available', ARGV[1])
redis.call('SET', KEYS[3], '1', 'PX', ARGV[3])
return {1, 0, redis.call('HGET', KEYS[2], 'available')}
