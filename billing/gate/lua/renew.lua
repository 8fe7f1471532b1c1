-- A sign of life: pushes the expiry, stores the checkpoint, grows the Hold towards a target.
-- KEYS  1 epoch  2 hold  3 holds  4 organization  5 key  6 usage  7 key rate  8 organization rate
--       9.. one spent hash per budget
-- ARGV  1 request id  2 organization  3 key  4 names of the budgets  5 lifetime ms
--       6 checkpoint nanos  7 event JSON  8 least hold nanos (0 = leave it)
--       9.. per budget: rule, limit nanos, resets at ms (not used here)
-- Returns {'closed', 'epoch'}, {'mismatch'}, or {state, hold nanos, available nanos, rule}. A Hold
--       grows as far as balance and budgets go; `rule` is the one that stopped it, '' for none.

-- Exact below 2^53; adding 0 turns -0, which Redis refuses, into 0.
local function int(number) return string.format('%.0f', number + 0) end

if not open_epoch() then return {'closed', 'epoch'} end
local row = redis.call('HMGET', KEYS[2], 'state', 'amount', 'organization', 'key', 'budgets')
local available = redis.call('HGET', KEYS[4], 'available') or '0'
if not row[1] then return {'missing', '0', available, ''} end
if row[3] ~= ARGV[2] or row[4] ~= ARGV[3] or row[5] ~= ARGV[4] then
  return {'mismatch'}
end
if row[1] ~= 'open' then return {row[1], row[2] or '0', available, ''} end

local amount, stopped_by = tonumber(row[2]), ''
local growth = tonumber(ARGV[8]) - amount

local function bound(room, rule)
  if growth > room then growth, stopped_by = math.max(room, 0), rule end
end

if growth > 0 then
  for i = 9, #KEYS do
    local at = 9 + (i - 9) * 3
    local used = redis.call('HMGET', KEYS[i], 'spent', 'held')
    bound(tonumber(ARGV[at + 1]) - tonumber(used[1] or 0) - tonumber(used[2] or 0), ARGV[at])
  end
  bound(tonumber(available), 'credit_balance_exhausted')
end
if growth > 0 then
  amount = amount + growth
  available = int(redis.call('HINCRBY', KEYS[4], 'available', int(-growth)))
  redis.call('HINCRBY', KEYS[4], 'held', int(growth))
  for i = 9, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('HINCRBY', KEYS[i], 'held', int(growth)) end
  end
end
local time = redis.call('TIME')
local expires_at = int(time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[5]))
redis.call('HSET', KEYS[2], 'amount', int(amount), 'checkpoint', ARGV[6], 'event', ARGV[7],
  'expires_at', expires_at)
redis.call('ZADD', KEYS[3], expires_at, ARGV[1])
return {'open', int(amount), available, stopped_by}
