-- uses: world
-- 3 the key, 4 now, 5 until
local key, now = P .. 'nonces', num(ARGV[4])
local until_ = call('ZSCORE', key, ARGV[3])
if until_ and num(until_) > now then return 0 end
call('ZADD', key, ARGV[5], ARGV[3])
for _, over in ipairs(call('ZRANGEBYSCORE', key, '-inf', ARGV[4], 'LIMIT', 0, 2)) do call('ZREM', key, over) end
return 1
