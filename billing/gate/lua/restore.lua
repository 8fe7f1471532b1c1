-- Registers again the Hold of a running Call that Redis lost. Checks no rule: the Call was let in.
-- KEYS  1 epoch  2 hold  3 holds  4 organization  5 key  6 usage  7 key rate  8 organization rate
--       9.. one spent hash per budget
-- ARGV  1 request id  2 organization  3 key  4 names of the budgets  5 lifetime ms  6 owner
--       7 hold nanos  8 output cap  9 checkpoint nanos  10 event JSON
--       11 ms that a budget outlives its period  12.. per budget: resets at ms (0 = never)
-- Returns {'closed', 'epoch'}, {'mismatch'}, or {state, hold nanos, available nanos}. Takes what
--       the balance still has, up to the Hold; one that is there, in whatever state, is left as is.

-- Exact below 2^53; adding 0 turns -0, which Redis refuses, into 0.
local function int(number) return string.format('%.0f', number + 0) end

if not open_epoch() then return {'closed', 'epoch'} end
local row = redis.call('HMGET', KEYS[2], 'state', 'amount', 'organization', 'key', 'budgets')
local available = redis.call('HGET', KEYS[4], 'available') or '0'
if row[1] then
  if row[3] ~= ARGV[2] or row[4] ~= ARGV[3] or row[5] ~= ARGV[4] then return {'mismatch'} end
  return {row[1], row[2], available}
end

local taken = int(math.min(tonumber(ARGV[7]), math.max(tonumber(available), 0)))
available = int(redis.call('HINCRBY', KEYS[4], 'available', int(-tonumber(taken))))
redis.call('HINCRBY', KEYS[4], 'held', taken)
redis.call('HINCRBY', KEYS[4], 'open', 1)
redis.call('HINCRBY', KEYS[5], 'open', 1)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 9, #KEYS do
  local is_new = redis.call('EXISTS', KEYS[i]) == 0
  redis.call('HINCRBY', KEYS[i], 'held', taken)
  local resets_at = tonumber(ARGV[12 + i - 9])
  if is_new and resets_at > 0 then
    redis.call('PEXPIREAT', KEYS[i], int(math.max(resets_at, now) + tonumber(ARGV[11])))
  end
end
local expires_at = int(now + tonumber(ARGV[5]))
redis.call('HSET', KEYS[2], 'state', 'open', 'organization', ARGV[2], 'key', ARGV[3],
  'budgets', ARGV[4], 'owner', ARGV[6], 'amount', taken, 'cap', ARGV[8], 'clamped', '0',
  'tokens', '0', 'minute', '', 'expires_at', expires_at, 'checkpoint', ARGV[9],
  'event', ARGV[10])
redis.call('ZADD', KEYS[3], expires_at, ARGV[1])
return {'open', taken, available}
