-- uses: world windows
-- 3 now, 4 how many. Answers names, windows, permits, what is used and when that is over. Ten times
-- as many are looked at.
local now, most = num(ARGV[3]), num(ARGV[4])
local answer, left = {0}, 10 * most
local function sampled(name, packed)
  local scope, limit = string.match(name, '^(.-)\n(.*)$')
  local _, kind, permits, seconds = string.match(packed, '^(.-)\n(.-)\n(.-)\n(.-)\n(.-)$')
  return {name = name, scope = scope, limit = limit, kind = kind, permits = num(permits),
    seconds = num(seconds), cost = 0}
end
local function told_of(hit, window, used, over)
  for _, one in ipairs({hit.scope, hit.limit, window, text(hit.permits), text(used), text(over)}) do
    answer[#answer + 1] = one
  end
end
local function each(key, does)
  local cursor = '0'
  repeat
    local found = call('HSCAN', key, cursor, 'COUNT', 100)
    cursor = found[1]
    for place = 1, #found[2], 2 do
      left = left - 1
      if #answer > 6 * most then return end
      does(found[2][place], found[2][place + 1])
    end
  until cursor == '0' or left <= 0
end
local function in_use(hit, window)
  hit.window = window
  local does = kind_of(hit.kind)
  local times = does.open(hit)
  if hit.kind == 'rolling' then
    local first = rows.upto(times, now - hit.seconds)
    local used = rows.upto(times, now) - first
    if used > 0 then told_of(hit, window, used, rows.at(times, first + 1) + hit.seconds) end
  else
    local used = does.levels(hit, times, 0, now)[1]
    if used > 0 then told_of(hit, window, used, now + used * hit.seconds / hit.permits) end
  end
end
for _, name in ipairs(call('ZRANGE', P .. 'limits-made', 0, -1)) do
  local hit = sampled(name, call('HGET', P .. 'limits', name))
  if hit.kind == 'natural' then
    for _, start in ipairs(call('LRANGE', P .. 'slices:' .. name, 0, -1)) do
      local from = num(start)
      if from <= now and now < from + hit.seconds then
        each(slice(hit, from), function(window, used) told_of(hit, window, num(used), from + hit.seconds) end)
      end
    end
  else
    each(P .. 'young:' .. name, function(window) in_use(hit, window) end)
    each(P .. 'old:' .. name, function(window)
      if call('HEXISTS', P .. 'young:' .. name, window) == 0 then in_use(hit, window) end
    end)
  end
  if #answer > 6 * most then break end
end
return answer
