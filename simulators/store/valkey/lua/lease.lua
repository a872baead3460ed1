-- uses: world
-- 3 the name, 4 until
local number = call('INCR', P .. 'leases-made')
call('ZADD', P .. 'leases:' .. ARGV[3], ARGV[4], number)
call('SADD', P .. 'leases', ARGV[3])
flag('\0leases:' .. ARGV[3], true)
return number
