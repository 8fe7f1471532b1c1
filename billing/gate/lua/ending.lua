-- Prelude of settle and expire: how a Hold ends. Defines functions, runs nothing.
-- KEYS  1 epoch  2 hold  3 holds  4 organization  5 key  6 usage  7 key rate  8 organization rate
--       9.. one spent hash per budget
-- ARGV  1 request id  2 organization  3 key  4 names of the budgets  5 tombstone ms

-- Exact below 2^53; adding 0 turns -0, which Redis refuses, into 0.
local function int(number) return string.format('%.0f', number + 0) end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The Hold as a table, or nil; in the state `mismatch` when it is not the caller's.
local function read_hold()
  local row = redis.call('HMGET', KEYS[2], 'state', 'amount', 'debited', 'written_off', 'tokens',
    'minute', 'checkpoint', 'event', 'expires_at', 'organization', 'key', 'budgets')
  if not row[1] then return nil end
  if row[10] ~= ARGV[2] or row[11] ~= ARGV[3] or row[12] ~= ARGV[4] then
    return {state = 'mismatch', debited = '0', written_off = '0'}
  end
  return {
    state = row[1], amount = row[2], debited = row[3] or '0', written_off = row[4] or '0',
    tokens = tonumber(row[5]), minute = row[6], checkpoint = row[7] or '0', event = row[8],
    expires_at = tonumber(row[9]),
  }
end

-- Only the running minute can still refuse anybody, so only it is corrected.
local function correct_rates(hold, tokens, now)
  if hold.minute ~= int(math.floor(now / 60000)) or tokens == hold.tokens then return end
  local field = 'tokens:' .. hold.minute
  for i = 7, 8 do
    if redis.call('HEXISTS', KEYS[i], field) == 1 then
      redis.call('HINCRBY', KEYS[i], field, int(tokens - hold.tokens))
    end
  end
end

-- A budget whose period is over has expired; bringing it back would leave it without an end.
local function move_budgets(held, charge)
  for i = 9, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 1 then
      redis.call('HINCRBY', KEYS[i], 'held', int(-tonumber(held)))
      redis.call('HINCRBY', KEYS[i], 'spent', int(charge))
    end
  end
end

-- Debits `charge` from `held` (a decimal string) first and the balance after it; the balance is
-- never taken below zero and one that a dispute left below zero is taken no further.
local function debit(held, charge)
  local available = tonumber(redis.call('HGET', KEYS[4], 'available') or 0)
  local debited = math.min(charge, tonumber(held) + math.max(available, 0))
  redis.call('HINCRBY', KEYS[4], 'available', int(tonumber(held) - debited))
  redis.call('HINCRBY', KEYS[4], 'held', int(-tonumber(held)))
  redis.call('HINCRBY', KEYS[4], 'unposted', int(debited))
  return debited, charge - debited
end

local function append_event(state, debited, written_off, ending, event)
  redis.call('XADD', KEYS[6], '*', 'request_id', ARGV[1], 'organization', ARGV[2], 'key', ARGV[3],
    'debited', int(debited), 'written_off', int(written_off), 'state', state, 'ending', ending,
    'event', event)
end

-- What stays of an ended Hold, so that a repeated request gets the same answer.
local function leave_tombstone(state, debited, written_off)
  redis.call('HSET', KEYS[2], 'state', state, 'debited', int(debited),
    'written_off', int(written_off))
  redis.call('HDEL', KEYS[2], 'event', 'owner', 'expires_at', 'minute')
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end

local function end_open(hold, state, charge, ending, event)
  local debited, written_off = debit(hold.amount, charge)
  redis.call('HINCRBY', KEYS[4], 'open', -1)
  if redis.call('HINCRBY', KEYS[5], 'open', -1) <= 0 then redis.call('DEL', KEYS[5]) end
  move_budgets(hold.amount, charge)
  redis.call('ZREM', KEYS[3], ARGV[1])
  append_event(state, debited, written_off, ending, event)
  leave_tombstone(state, debited, written_off)
  return {state, int(debited), int(written_off), 0}
end

local function end_late(charge, ending, event)
  local debited, written_off = debit('0', charge)
  move_budgets('0', charge)
  append_event('late', debited, written_off, ending, event)
  redis.call('HSET', KEYS[2], 'organization', ARGV[2], 'key', ARGV[3], 'budgets', ARGV[4])
  for _, name in ipairs({'amount', 'cap', 'clamped'}) do redis.call('HSETNX', KEYS[2], name, '0') end
  leave_tombstone('late', debited, written_off)
  return {'late', int(debited), int(written_off), 0}
end
