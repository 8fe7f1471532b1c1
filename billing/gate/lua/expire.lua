-- Ends a Hold whose time has passed: charges its checkpoint if there is one, else nothing.
-- KEYS  as in ending.lua
-- ARGV  1-5 as in ending.lua  6 ending
-- Returns {'closed', 'epoch'}, {'mismatch', ...}, or {state, debited nanos, written off nanos, replay 0|1}; the state
--       is `open` when the Hold was renewed meanwhile, `missing` when there is none.

if not open_epoch() then return {'closed', 'epoch'} end
local hold = read_hold()
if not hold then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return {'missing', '0', '0', 1}
end
if hold.state ~= 'open' then return {hold.state, hold.debited, hold.written_off, 1} end
if hold.expires_at > now_ms() then return {'open', '0', '0', 1} end
return end_open(hold, 'expired', tonumber(hold.checkpoint), ARGV[6], hold.event)
