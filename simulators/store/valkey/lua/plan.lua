-- uses: world
-- 3 when, 4 the item (JSON). With each one, two others are looked at whose message may be gone.
local key, counts = P .. 'plans', P .. 'counts'
local order = call('HINCRBY', counts, 'planned', 1)
local planned = string.format('%016d', order) .. ARGV[4]
local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
call('ZADD', key, ARGV[3], planned)
if call('ZCARD', key) > call('HLEN', P .. 'messages') + 2 then
  local place = num(call('HGET', counts, 'swept') or '0')
  local looked = call('ZRANGE', key, place, place + 1)
  for _, one in ipairs(looked) do
    local about = cjson.decode(string.sub(one, 17))[1]
    if one == planned or call('HEXISTS', P .. 'ids', about) == 1 then
      place = place + 1
    else
      call('ZREM', key, one)
    end
  end
  call('HSET', counts, 'swept', #looked < 2 and 0 or place)
end
if first and num(ARGV[3]) >= num(first) then return 0 end
call('PUBLISH', ARGV[1] .. 'plan', ARGV[2])
return 1
