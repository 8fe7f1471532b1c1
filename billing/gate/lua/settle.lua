-- Ends a Hold with its charge (a release: with none), appends the usage event, once.
-- KEYS  as in ending.lua
-- ARGV  1-5 as in ending.lua  6 settled|released  7 charge nanos  8 actual tokens  9 ending
--       10 event JSON
-- Returns {'closed', 'epoch'}, {'mismatch', ...}, or {state, debited nanos, written off nanos, replay 0|1}.

if not open_epoch() then return {'closed', 'epoch'} end
local charge = tonumber(ARGV[7])
local hold = read_hold()
if not hold then return end_late(charge, ARGV[9], ARGV[10]) end
if hold.state == 'open' then
  correct_rates(hold, tonumber(ARGV[8]), now_ms())
  return end_open(hold, ARGV[6], charge, ARGV[9], ARGV[10])
end
local is_uncharged = hold.debited == '0' and hold.written_off == '0'
if hold.state == 'expired' and is_uncharged and charge > 0 then
  return end_late(charge, ARGV[9], ARGV[10])
end
return {hold.state, hold.debited, hold.written_off, 1}
