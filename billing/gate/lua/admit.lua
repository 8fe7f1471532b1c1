-- Lets a Call in and places its Hold, or names the rule that refuses it. One atomic decision.
-- KEYS  1 epoch  2 hold  3 holds  4 organization  5 key  6 usage  7 key rate  8 organization rate
--       9.. one spent hash per budget
-- ARGV  1 request id  2 organization  3 key  4 owner  5 lifetime ms  6 base nanos
--       7 output cap, tokens  8 output nanos per token  9 output minimum, tokens  10 clampable 0|1
--       11 estimated tokens  12 event JSON  13 names of the budgets
--       14-16 key: requests, tokens per minute, concurrency ('' = no limit)  17-19 organization
--       20 usage entries at most  21 ms that a budget outlives its period
--       22.. per budget: rule, limit nanos, resets at ms (0 = never)
-- Returns {'closed', reason}, {'mismatch'} when the id holds for another caller, or {'admitted'|'denied', rule, limit, retry after ms, available,
--       needed, hold nanos, output cap, clamped 0|1, replay 0|1, requests limit, remaining,
--       tokens limit, remaining, reset ms}; a limit of -1 means none. What is added to
--       a balance is exact below 2^53; a balance above that is kept exactly, compared nearly.

local CONCURRENCY_RETRY_MS = 1000  -- a guess at when a Call ends; no window tells

-- Exact below 2^53; adding 0 turns -0, which Redis refuses, into 0.
local function int(number) return string.format('%.0f', number + 0) end

if not open_epoch() then return {'closed', 'epoch'} end
if redis.call('XLEN', KEYS[6]) >= tonumber(ARGV[20]) then return {'closed', 'backlog'} end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local minute = int(math.floor(now / 60000))
local reset = (math.floor(now / 60000) + 1) * 60000 - now
local requests_field, tokens_field = 'requests:' .. minute, 'tokens:' .. minute
local base, cap, price = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local tokens = tonumber(ARGV[11])

local function read_scope(rate_key, first)
  local scope = {
    rate = rate_key,
    rpm = tonumber(ARGV[first]), tpm = tonumber(ARGV[first + 1]),
    concurrency = tonumber(ARGV[first + 2]),
    requests = 0, tokens = 0,
  }
  if scope.rpm or scope.tpm then
    local seen = redis.call('HMGET', rate_key, requests_field, tokens_field)
    scope.is_fresh = not (seen[1] or seen[2])
    scope.requests, scope.tokens = tonumber(seen[1] or 0), tonumber(seen[2] or 0)
  end
  return scope
end

local key_scope, organization_scope = read_scope(KEYS[7], 14), read_scope(KEYS[8], 17)

-- Counts in this minute's fields only: the first write of a minute drops what is older.
local function count_scope(scope, counted_tokens)
  if not (scope.rpm or scope.tpm) then return end
  if scope.is_fresh then redis.call('DEL', scope.rate) end
  if scope.rpm then redis.call('HINCRBY', scope.rate, requests_field, 1) end
  if scope.tpm then redis.call('HINCRBY', scope.rate, tokens_field, int(counted_tokens)) end
  if scope.is_fresh then redis.call('PEXPIRE', scope.rate, int(reset + 1000)) end
  scope.requests, scope.tokens = scope.requests + 1, scope.tokens + counted_tokens
end

local function count(counted_tokens)
  count_scope(key_scope, counted_tokens)
  count_scope(organization_scope, counted_tokens)
end

-- The scope with the least left is the one a caller has to mind.
local function tightest(limit_name, used_name)
  local limit, left = -1, 0
  for _, scope in ipairs({key_scope, organization_scope}) do
    local scope_limit = scope[limit_name]
    local scope_left = scope_limit and math.max(scope_limit - scope[used_name], 0)
    if scope_limit and (limit == -1 or scope_left < left) then
      limit, left = scope_limit, scope_left
    end
  end
  return limit, left
end

local function answer(head)
  local request_limit, requests_left = tightest('rpm', 'requests')
  local token_limit, tokens_left = tightest('tpm', 'tokens')
  local tail = {request_limit, requests_left, token_limit, tokens_left, reset}
  for i = 1, 5 do head[10 + i] = tail[i] end
  return head
end

local function deny(rule, limit, retry_after, available, needed)
  return answer({'denied', rule, limit, retry_after, available or '0', int(needed or 0), '0', 0, 0,
    0})
end

local balance = redis.call('HMGET', KEYS[4], 'available', 'open')
local available = tonumber(balance[1] or 0)

local earlier = redis.call('HMGET', KEYS[2], 'state', 'amount', 'cap', 'clamped', 'organization',
  'key', 'budgets')
if earlier[1] then
  if earlier[5] ~= ARGV[2] or earlier[6] ~= ARGV[3] or earlier[7] ~= ARGV[13] then
    return {'mismatch'}
  end
  return answer({'admitted', '', 0, 0, balance[1] or '0', '0', earlier[2], tonumber(earlier[3]),
    tonumber(earlier[4]), 1})
end

-- Rates. A Call refused here counts nowhere, so that a waiting client is let in next minute.
local scopes = {{'key', key_scope}, {'organization', organization_scope}}
for _, pair in ipairs(scopes) do
  local scope = pair[2]
  if scope.rpm and scope.requests >= scope.rpm then
    return deny(pair[1] .. '_requests_per_minute', scope.rpm, reset)
  end
end
for _, pair in ipairs(scopes) do
  local scope = pair[2]
  if scope.tpm and scope.tokens + tokens > scope.tpm then
    return deny(pair[1] .. '_tokens_per_minute', scope.tpm, reset)
  end
end
if key_scope.concurrency then
  local open = tonumber(redis.call('HGET', KEYS[5], 'open') or 0)
  if open >= key_scope.concurrency then
    return deny('key_concurrency', key_scope.concurrency, CONCURRENCY_RETRY_MS)
  end
end
if organization_scope.concurrency
    and tonumber(balance[2] or 0) >= organization_scope.concurrency then
  return deny('organization_concurrency', organization_scope.concurrency, CONCURRENCY_RETRY_MS)
end

-- Money. Each bound either pays the Hold, lowers the output cap to what it pays, or refuses;
-- a Call refused here counts as one request, so that hammering an empty balance is limited.
local minimum = math.min(tonumber(ARGV[9]), cap)
local amount, clamped = base + cap * price, 0

local function affordable_tokens(room)
  local affordable = math.floor((room - base) / price)
  if base + affordable * price > room then affordable = affordable - 1 end
  return affordable
end

local function fits(room)
  if amount <= room then return true end
  if ARGV[10] ~= '1' or price == 0 then return false end
  local affordable = affordable_tokens(room)
  if affordable < minimum then return false end
  cap, clamped = affordable, 1
  amount = base + cap * price
  return true
end

local function needed_least()
  if ARGV[10] == '1' then return base + minimum * price end
  return amount
end

for i = 9, #KEYS do
  local at = 22 + (i - 9) * 3
  local limit, resets_at = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local used = redis.call('HMGET', KEYS[i], 'spent', 'held')
  local room = limit - tonumber(used[1] or 0) - tonumber(used[2] or 0)
  if not fits(room) then
    count(0)
    local retry_after = resets_at > 0 and math.max(resets_at - now, 0) or 0
    return deny(ARGV[at], limit, retry_after, int(math.max(room, 0)), needed_least())
  end
end
if not fits(available) then
  count(0)
  return deny('credit_balance_exhausted', 0, 0, balance[1] or '0', needed_least())
end

-- Everything agreed: take the Hold.
count(tokens)
local taken, expires_at = int(amount), int(now + tonumber(ARGV[5]))
local available_after = redis.call('HINCRBY', KEYS[4], 'available', int(-amount))
redis.call('HINCRBY', KEYS[4], 'held', taken)
redis.call('HINCRBY', KEYS[4], 'open', 1)
redis.call('HINCRBY', KEYS[5], 'open', 1)
for i = 9, #KEYS do
  local is_new = redis.call('EXISTS', KEYS[i]) == 0
  redis.call('HINCRBY', KEYS[i], 'held', taken)
  local resets_at = tonumber(ARGV[22 + (i - 9) * 3 + 2])
  if is_new and resets_at > 0 then
    redis.call('PEXPIREAT', KEYS[i], int(math.max(resets_at, now) + tonumber(ARGV[21])))
  end
end
redis.call('HSET', KEYS[2], 'state', 'open', 'organization', ARGV[2], 'key', ARGV[3],
  'budgets', ARGV[13], 'owner', ARGV[4], 'amount', taken, 'cap', int(cap), 'clamped', clamped,
  'tokens', ARGV[11], 'minute', minute, 'expires_at', expires_at, 'checkpoint', '0',
  'event', ARGV[12])
redis.call('ZADD', KEYS[3], expires_at, ARGV[1])
return answer({'admitted', '', 0, 0, int(available_after), '0', taken, cap, clamped, 0})
