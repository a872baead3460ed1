-- uses: world
-- 3 the id, 4 the document (JSON), 5... its credentials. Accounts are the documents of a world of
-- their own, each with its number and its credentials.
for place = 5, #ARGV do
  local owner = call('HGET', P .. 'credentials', ARGV[place])
  if owner and owner ~= ARGV[3] then return {0, ARGV[place], owner} end
end
local before = call('HGET', P .. 'settings', ARGV[3])
local made
if before then
  before = cjson.decode(before)
  made = before[1]
  for _, old in ipairs(before[2]) do call('HDEL', P .. 'credentials', old) end
else
  made = call('HINCRBY', P .. 'counts', 'made', 1)
end
local pairs_ = {}
for place = 5, #ARGV do
  call('HSET', P .. 'credentials', ARGV[place], ARGV[3])
  pairs_[#pairs_ + 1] = ARGV[place]
end
local listed = #pairs_ > 0 and cjson.encode(pairs_) or '[]'
replace(ARGV[3], '[' .. text(made) .. ',' .. listed .. ',' .. ARGV[4] .. ']')
return {1}
