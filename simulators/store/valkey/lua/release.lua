-- uses: world
local key = P .. 'leases:' .. ARGV[3]
call('ZREM', key, ARGV[4])
flag('\0leases:' .. ARGV[3], call('ZCARD', key) > 0)
return 1
