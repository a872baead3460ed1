-- uses: world
-- 3 now, 4 how many. What is taken is kept with the node that took it until that says it is done.
local found = call('ZRANGEBYSCORE', P .. 'plans', '-inf', ARGV[3], 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local node = string.match(ARGV[2], '^(.-) ')
for place = 1, #found, 2 do
  call('ZREM', P .. 'plans', found[place])
  call('HSET', P .. 'taken', found[place], node .. ' ' .. found[place + 1])
end
return found
