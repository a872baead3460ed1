-- Flow-control windows: the arithmetic of `store/windows.py`, step by step, on other containers.
-- `limits` has of each limit: identity, kind, permits, seconds, when its generations turned, and the
-- longest seconds that its hits had.
local REMEMBERED, MOST_LIMITS, MOST_WINDOWS, SHORT, ROUNDING = 1000, 2000, 1000000, 64, 1e-9

-- A row of times (and levels) in order of time: a short one is packed in the hash of its
-- generation, a long one is a list.
local function row(hit, width)
  local packed = call('HGET', P .. 'young:' .. hit.name, hit.window)
  if not packed then packed = call('HGET', P .. 'old:' .. hit.name, hit.window) end
  local made = {hit = hit, width = width, packed = packed or '', size = 0, read = {}}
  made.list = P .. 'row:' .. hit.name .. '\n' .. hit.window
  made.long = packed == 'L'
  made.size = made.long and call('LLEN', made.list) or #made.packed / (8 * width)
  return made
end
local function at(row, place, field)  -- from 1
  local offset = ((field or 1) - 1) * 8
  if row.long then
    local item = row.read[place]
    if not item then
      item = call('LINDEX', row.list, place - 1)
      row.read[place] = item
    end
    return (struct.unpack('<d', item, offset + 1))
  end
  return (struct.unpack('<d', row.packed, (place - 1) * 8 * row.width + offset + 1))
end
local function upto(row, time)  -- how many are not after it
  if row.size == 0 or at(row, row.size) <= time then return row.size end
  local low, high = 0, row.size - 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if at(row, middle + 1) <= time then low = middle + 1 else high = middle end
  end
  return low
end
local function before(row, time)  -- how many are before it
  if row.size == 0 or at(row, row.size) < time then return row.size end
  local low, high = 0, row.size - 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if at(row, middle + 1) < time then low = middle + 1 else high = middle end
  end
  return low
end
local function push(key, items)
  for first = 1, #items, 1000 do
    call('RPUSH', key, unpack(items, first, math.min(first + 999, #items)))
  end
end
-- Keeps `items` of it in place of those from a place on: all that are there behind it, or none.
local function put(row, place, items, behind)
  local wide = 8 * row.width
  if row.long then
    if place < row.size then row.read = {} end
    if place < row.size then
      if behind then
        for _, item in ipairs(call('LRANGE', row.list, place, -1)) do items[#items + 1] = item end
      end
      if place == 0 then call('DEL', row.list) else call('LTRIM', row.list, 0, place - 1) end
    end
    push(row.list, items)
    row.size = place + #items
    return
  end
  local rest = behind and string.sub(row.packed, place * wide + 1) or ''
  row.packed = string.sub(row.packed, 1, place * wide) .. table.concat(items) .. rest
  row.size = #row.packed / wide
  if row.size > SHORT then
    local all = {}
    for first = 1, #row.packed, wide do all[#all + 1] = string.sub(row.packed, first, first + wide - 1) end
    call('DEL', row.list)
    push(row.list, all)
    row.long, row.packed = true, 'L'
  end
end
local function cut(row, count)  -- the first so many
  row.read = {}
  if row.long then
    call('LTRIM', row.list, count, -1)
  else
    row.packed = string.sub(row.packed, count * 8 * row.width + 1)
  end
  row.size = row.size - count
end
local function forget_past(row, now)
  if row.size <= REMEMBERED or row.size % 16 > 0 then return end  -- now and then is enough
  local past = upto(row, now - row.hit.seconds)
  if past > REMEMBERED then cut(row, past - REMEMBERED / 2) end
end
local function drop_lists(name, windows)
  for _, window in ipairs(windows) do call('UNLINK', P .. 'row:' .. name .. '\n' .. window) end
end
-- Puts a row into the young generation; the old one goes as a whole.
local function keep(row, now)
  local hit, name, limit = row.hit, row.hit.name, row.hit.of
  local young = call('HLEN', P .. 'young:' .. name)
  limit.longest = math.max(limit.longest, hit.seconds)
  if young >= REMEMBERED and (now - limit.turned >= limit.longest or young >= MOST_WINDOWS) then
    drop_lists(name, call('SDIFF', P .. 'long-old:' .. name, P .. 'long-young:' .. name))
    call('UNLINK', P .. 'old:' .. name, P .. 'long-old:' .. name)
    call('RENAME', P .. 'young:' .. name, P .. 'old:' .. name)
    if call('EXISTS', P .. 'long-young:' .. name) == 1 then
      call('RENAME', P .. 'long-young:' .. name, P .. 'long-old:' .. name)
    end
    limit.turned = now
  elseif now < limit.turned or young == 0 then
    limit.turned = now
  end
  call('HSET', P .. 'young:' .. name, hit.window, row.packed)
  if row.long then call('SADD', P .. 'long-young:' .. name, hit.window) end
end

local function slice(hit, start) return P .. 'slice:' .. hit.name .. '\n' .. text(start) end
local natural = {}
function natural.open(_) return {} end
function natural.fits(hit, _, amount, _)
  return num(call('HGET', slice(hit, hit.start), hit.window) or '0') + amount <= hit.permits
end
function natural.take(hit, _, _)
  local key = slice(hit, hit.start)
  if call('EXISTS', key) == 0 then
    local all, kept = P .. 'slices:' .. hit.name, 0
    for _, start in ipairs(call('LRANGE', all, 0, -1)) do kept = kept + call('HLEN', slice(hit, num(start))) end
    while kept > REMEMBERED do
      local gone = slice(hit, num(call('LPOP', all)))
      kept = kept - call('HLEN', gone)
      call('UNLINK', gone)
    end
    call('RPUSH', all, text(hit.start))
  end
  call('HINCRBY', key, hit.window, hit.cost)
end
function natural.room(hit, _, _)
  local start = hit.start + hit.seconds
  while hit.cost <= hit.permits and
    num(call('HGET', slice(hit, start), hit.window) or '0') + hit.cost > hit.permits do
    start = start + hit.seconds
  end
  return start
end

local rolling = {}
function rolling.open(hit) return row(hit, 1) end
local function all_fit(hit, times, amount, now)
  local seconds, till = hit.seconds, upto(times, now)
  if till - upto(times, now - seconds) + amount > hit.permits then return false end
  if till == times.size then return true end
  -- The windows that end with a hit ahead of the clock hold this one as well.
  for ahead = till, before(times, now + seconds) - 1 do
    if ahead + 1 - upto(times, at(times, ahead + 1) - seconds) + amount > hit.permits then return false end
  end
  return true
end
function rolling.fits(hit, times, amount, now)
  if times.size == 0 then return amount <= hit.permits end
  if times.size == 1 then
    local ago = at(times, 1) - now
    if -hit.seconds < ago and ago < hit.seconds then amount = amount + 1 end
    return amount <= hit.permits
  end
  return all_fit(hit, times, amount, now)
end
function rolling.take(hit, times, now)
  local place, items = upto(times, now), {}
  for one = 1, hit.cost do items[one] = struct.pack('<d', now) end
  put(times, place, items, true)
  forget_past(times, now)
  keep(times, now)
end
function rolling.room(hit, times, now)
  for place = upto(times, now - hit.seconds) + 1, times.size do
    local left = at(times, place) + hit.seconds
    if all_fit(hit, times, hit.cost, left) then return left end
  end
  return now + hit.seconds
end

local queue = {}
function queue.open(hit) return row(hit, 2) end
local function drained(level, seconds, rate) return math.max(level - seconds * rate, 0) end
-- The levels from now on if `amount` comes now: what came later keeps its place.
local function levels(hit, queued, amount, now)
  local rate, place, last = hit.permits / hit.seconds, upto(queued, now), now
  local without = 0
  if place > 0 then without = drained(at(queued, place, 2), now - at(queued, place), rate) end
  local level = without + amount
  local found = {level}
  for later = place + 1, queued.size do
    local time, then_ = at(queued, later), at(queued, later, 2)
    local passed = time - last
    local came = math.max(then_ - drained(without, passed, rate), 0)
    level = drained(level, passed, rate) + came
    found[#found + 1] = level
    without, last = then_, time
  end
  return found, place
end
local function level_now(hit, queued, now)  -- where nothing is ahead of it
  local passed = now - at(queued, queued.size)
  return math.max(at(queued, queued.size, 2) - passed * hit.permits / hit.seconds, 0)
end
function queue.fits(hit, queued, amount, now)
  if queued.size == 0 then return amount <= hit.permits end
  if now >= at(queued, queued.size) then
    return level_now(hit, queued, now) + amount <= hit.permits + ROUNDING
  end
  for _, level in ipairs((levels(hit, queued, amount, now))) do
    if level > hit.permits + ROUNDING then return false end
  end
  return true
end
function queue.take(hit, queued, now)
  if queued.size == 0 then
    put(queued, 0, {struct.pack('<dd', now, hit.cost)})
  elseif now >= at(queued, queued.size) then
    put(queued, queued.size, {struct.pack('<dd', now, level_now(hit, queued, now) + hit.cost)})
  else
    local found, place = levels(hit, queued, hit.cost, now)
    local items = {struct.pack('<dd', now, found[1])}
    for later = place + 1, queued.size do
      items[#items + 1] = struct.pack('<dd', at(queued, later), found[later - place + 1])
    end
    put(queued, place, items)
  end
  forget_past(queued, now)
  keep(queued, now)
end
function queue.room(hit, queued, now)
  if queued.size == 0 then return now + hit.seconds end
  local last = math.max(now, at(queued, queued.size))
  local excess = levels(hit, queued, hit.cost, last)[1] - hit.permits
  if excess <= 0 or hit.cost > hit.permits then return last + hit.seconds end
  return last + excess * hit.seconds / hit.permits
end

local KINDS = {natural = natural, rolling = rolling, queue = queue}
local function forget_limit(name)
  local starts = call('LRANGE', P .. 'slices:' .. name, 0, -1)
  for _, start in ipairs(starts) do call('UNLINK', P .. 'slice:' .. name .. '\n' .. start) end
  drop_lists(name, call('SUNION', P .. 'long-old:' .. name, P .. 'long-young:' .. name))
  for _, kind in ipairs({'slices:', 'young:', 'old:', 'long-young:', 'long-old:'}) do
    call('UNLINK', P .. kind .. name)
  end
  call('HDEL', P .. 'limits', name)
  call('ZREM', P .. 'limits-made', name)
end
local function forget_windows()
  for _, name in ipairs(call('ZRANGE', P .. 'limits-made', 0, -1)) do forget_limit(name) end
end
local function sample(hit)
  return table.concat({hit.identity, hit.kind, text(hit.permits), text(hit.seconds),
    text(hit.of.turned), text(hit.of.longest)}, '\n')
end
local function sampled(name, packed)
  local scope, limit = string.match(name, '^(.-)\n(.*)$')
  local _, kind, permits, seconds = string.match(packed, '^(.-)\n(.-)\n(.-)\n(.-)\n(.-)$')
  return {name = name, scope = scope, limit = limit, kind = kind, permits = num(permits),
    seconds = num(seconds), cost = 0}
end
-- A hit as it came ([scope, limit, window, kind, permits, seconds, start, cost, identity]), with
-- what is known of its limit, which all hits of a step share. One of another identity begins anew.
local limits = {}
local function asked(raw)
  local hit = {name = raw[1] .. '\n' .. raw[2], window = raw[3], kind = raw[4], permits = raw[5],
    seconds = raw[6], start = raw[7], cost = raw[8], identity = raw[9]}
  local of = limits[hit.name]
  if not of or of.identity ~= hit.identity then
    of = {identity = hit.identity, turned = 0, longest = 0}
    hit.of = of
    local known = call('HGET', P .. 'limits', hit.name)
    if known then
      local identity, turned, longest = string.match(known, '^(.-)\n.*\n(.-)\n(.-)$')
      if identity == hit.identity then
        of.known, of.turned, of.longest = known, num(turned), num(longest)
      else
        forget_limit(hit.name)
      end
    end
    if not of.known then
      if call('HLEN', P .. 'limits') >= MOST_LIMITS then
        forget_limit(call('ZRANGE', P .. 'limits-made', 0, 0)[1])
      end
      of.known = sample(hit)
      call('HSET', P .. 'limits', hit.name, of.known)
      call('ZADD', P .. 'limits-made', call('HINCRBY', P .. 'counts', 'limits', 1), hit.name)
    end
    limits[hit.name] = of
  end
  hit.of = of
  hit.does = KINDS[hit.kind]
  hit.row = hit.does.open(hit)
  return hit
end
local function full(hit, now, pending)
  return not hit.does.fits(hit, hit.row, pending + hit.cost, now)
end
local function take(hit, now)
  hit.does.take(hit, hit.row, now)
  local known = sample(hit)
  if known ~= hit.of.known then
    hit.of.known = known
    call('HSET', P .. 'limits', hit.name, known)
  end
end
