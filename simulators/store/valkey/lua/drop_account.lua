-- uses: world
local before = call('HGET', P .. 'settings', ARGV[3])
if not before then return 0 end
for _, old in ipairs(cjson.decode(before)[2]) do call('HDEL', P .. 'credentials', old) end
replace(ARGV[3], false)
return 1
