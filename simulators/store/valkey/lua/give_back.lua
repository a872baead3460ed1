-- uses: world
-- 3 a node that is gone: what it took is planned again
local taken, some = call('HGETALL', P .. 'taken'), false
for place = 1, #taken, 2 do
  local node, at = string.match(taken[place + 1], '^(.-) (.*)$')
  if node == ARGV[3] then
    call('ZADD', P .. 'plans', at, taken[place])
    call('HDEL', P .. 'taken', taken[place])
    some = true
  end
end
if some then call('PUBLISH', ARGV[1] .. 'plan', ARGV[2]) end
return some and 1 or 0
