-- Prelude of every script that minds the gate: is it open, on this very server process? Runs
-- nothing. A process that died may have come back without its last writes, and a replica may have
-- taken over without them: an epoch counts only under the run id that it was opened under.
-- KEYS  1 epoch
-- ARGV  last: this server's run id, as the connection was told by its greeting ('' = look it up)

local function run_id()
  local told = ARGV[#ARGV]
  if told ~= '' then return told end
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- The epoch's name, nil while the gate is closed.
local function open_epoch()
  local run, loaded = run_id() .. ':', redis.call('GET', KEYS[1])
  if loaded and string.sub(loaded, 1, #run) == run then return string.sub(loaded, #run + 1) end
  return nil
end
