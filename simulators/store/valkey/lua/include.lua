-- uses: world
-- 3 the name, 4 the texts (JSON), 5 how many it may hold, 6 "1" for these alone
local key, new, count = P .. 'set:' .. ARGV[3], {}, 0
local anew = ARGV[6] == '1'
for _, member in ipairs(cjson.decode(ARGV[4])) do
  if not new[member] and (anew or not call('ZSCORE', key, member)) then
    new[member] = true
    count = count + 1
  end
end
local held = anew and 0 or call('ZCARD', key)
if count > 0 and held + count > num(ARGV[5]) then return 0 end
if anew then call('UNLINK', key) end
for member in pairs(new) do call('ZADD', key, 0, member) end
flag('\0set:' .. ARGV[3], held + count > 0)
call('SADD', P .. 'sets', ARGV[3])
told()
return 1
