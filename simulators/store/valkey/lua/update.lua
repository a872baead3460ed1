-- uses: world
-- 3 the name, 4 the document as it was, 5 as it is to be; '' for none
local kept = call('HGET', P .. 'settings', ARGV[3])
if (kept or '') ~= ARGV[4] then return {0, kept} end
told()
local versions = replace(ARGV[3], ARGV[5] ~= '' and ARGV[5])
return {1, versions[1], versions[2]}
