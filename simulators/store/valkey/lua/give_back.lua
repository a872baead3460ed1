-- uses: world
-- 3 a node that is gone, or has lost what it took: that is planned again, but for what follows
local kept = {}
for place = 4, #ARGV do kept[ARGV[place]] = true end
local taken, some = call('HGETALL', P .. 'taken'), false
for place = 1, #taken, 2 do
  local node, at = string.match(taken[place + 1], '^(.-) (.*)$')
  if node == ARGV[3] and not kept[taken[place]] then
    call('ZADD', P .. 'plans', at, taken[place])
    call('HDEL', P .. 'taken', taken[place])
    some = true
  end
end
if some then call('PUBLISH', ARGV[1] .. 'plan', ARGV[2]) end
return some and 1 or 0
