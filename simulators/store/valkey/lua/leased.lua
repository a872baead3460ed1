-- uses: world
local key = P .. 'leases:' .. ARGV[3]
call('ZREMRANGEBYSCORE', key, '-inf', ARGV[4])
local count = call('ZCARD', key)
flag('\0leases:' .. ARGV[3], count > 0)
return count
