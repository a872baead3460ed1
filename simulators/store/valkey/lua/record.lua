-- uses: world
-- 3 how many of a log are kept, then of each entry: itself, and the names of its logs, a line each
local sequence = call('HINCRBY', P .. 'counts', 'recorded', (#ARGV - 3) / 2) - (#ARGV - 3) / 2
local known = {}
for place = 4, #ARGV, 2 do
  sequence = sequence + 1
  for log in string.gmatch(ARGV[place + 1], '[^\n]+') do
    call('XADD', P .. 'log:' .. log, 'MAXLEN', ARGV[3], '0-' .. sequence, 'e', ARGV[place])
    if not known[log] then call('SADD', P .. 'logs', log) end
    known[log] = true
  end
end
told()
return sequence
