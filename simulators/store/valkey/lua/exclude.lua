-- uses: world
local key = P .. 'set:' .. ARGV[3]
if call('ZREM', key, ARGV[4]) == 0 then return 0 end
flag('\0set:' .. ARGV[3], call('ZCARD', key) > 0)
told()
return 1
