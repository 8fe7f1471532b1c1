-- Removes consumers of a group that have been silent and own no entry: workers that are no more.
-- One step, because removing a consumer that was just given an entry would lose the entry.
-- KEYS  1 usage
-- ARGV  1 group  2 silent for so many ms
-- Returns how many were removed.

local removed = 0
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for at = 1, #row, 2 do consumer[row[at]] = row[at + 1] end
  if consumer.pending == 0 and consumer.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    removed = removed + 1
  end
end
return removed
