-- uses: world
-- 3 the version that is known, 4 how many documents are told at most: of others, that they are there
local newest, known, most = version(), num(ARGV[3]), num(ARGV[4])
local whole = known < num(call('GET', P .. 'begins') or '0') or newest == 0
local names
if whole then
  names = call('HKEYS', P .. 'settings')
else
  names = call('ZRANGEBYSCORE', P .. 'versions', '(' .. ARGV[3], '+inf')
end
local answer = {newest, whole and 1 or 0}
for place, name in ipairs(names) do
  answer[#answer + 1] = name
  if place <= most then
    answer[#answer + 1] = call('HGET', P .. 'settings', name)
  else
    answer[#answer + 1] = call('HEXISTS', P .. 'settings', name) == 1 and 1
  end
end
return answer
