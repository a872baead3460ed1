-- uses: world messages
-- 3 sequence, 4 the message as it was, 5 as it is to be
if kept(ARGV[3]) ~= ARGV[4] then return 0 end
call('HSET', P .. 'messages', ARGV[3], ARGV[5])
told()
return 1
