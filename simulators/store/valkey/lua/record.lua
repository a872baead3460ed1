-- uses: world
-- 3 how many are kept, 4 the entry, then the logs that it goes to
local sequence = call('HINCRBY', P .. 'counts', 'recorded', 1)
for place = 5, #ARGV do
  call('XADD', P .. 'log:' .. ARGV[place], 'MAXLEN', ARGV[3], '0-' .. sequence, 'e', ARGV[4])
  call('SADD', P .. 'logs', ARGV[place])
end
told()
return sequence
