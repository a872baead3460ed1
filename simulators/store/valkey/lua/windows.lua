-- Flow-control windows: the arithmetic of `store/windows.py`, step by step, on other containers.
-- `limits` has of each limit: identity, kind, permits, seconds, when its generations turned, and the
-- longest seconds that its hits had.
local REMEMBERED, MOST_LIMITS, MOST_WINDOWS, SHORT, ROUNDING = 1000, 2000, 1000000, 64, 1e-9
-- A script makes each of its functions whenever it is run, which costs as much as what it does with
-- them: what only some hits need is made with the first of those.
local function drop_lists(name, windows)
  for _, window in ipairs(windows) do call('UNLINK', P .. 'row:' .. name .. '\n' .. window) end
end
local function slice(hit, start) return P .. 'slice:' .. hit.name .. '\n' .. text(start) end

local rows  -- what is done to rows, once they are made
local function made_rows()
  -- A row of times (and levels) in order of time: a short one is packed in the hash of its
  -- generation, a long one is a list.
  local function row(hit, width)
    local young = call('HGET', P .. 'young:' .. hit.name, hit.window)
    local packed = young or call('HGET', P .. 'old:' .. hit.name, hit.window)
    local made = {hit = hit, width = width, packed = packed or '', size = 0, read = {}, young = young}
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
  -- Puts a row into the young generation; the old one goes as a whole.
  local function keep(row, now)
    local hit, name, limit = row.hit, row.hit.name, row.hit.of
    limit.longest = math.max(limit.longest, hit.seconds)
    local over = now - limit.turned >= limit.longest
    if row.young and not over and not limit.has_turned then  -- which grows no larger
      if now < limit.turned then limit.turned = now end
      if row.packed ~= row.young then
        call('HSET', P .. 'young:' .. name, hit.window, row.packed)
        if row.long then call('SADD', P .. 'long-young:' .. name, hit.window) end
      end
      return
    end
    local young = call('HLEN', P .. 'young:' .. name)
    if young >= REMEMBERED and (over or young >= MOST_WINDOWS) then
      drop_lists(name, call('SDIFF', P .. 'long-old:' .. name, P .. 'long-young:' .. name))
      call('UNLINK', P .. 'old:' .. name, P .. 'long-old:' .. name)
      call('RENAME', P .. 'young:' .. name, P .. 'old:' .. name)
      if call('EXISTS', P .. 'long-young:' .. name) == 1 then
        call('RENAME', P .. 'long-young:' .. name, P .. 'long-old:' .. name)
      end
      limit.turned, limit.has_turned = now, true
    elseif now < limit.turned or young == 0 then
      limit.turned = now
    end
    call('HSET', P .. 'young:' .. name, hit.window, row.packed)
    if row.long then call('SADD', P .. 'long-young:' .. name, hit.window) end
  end
  return {open = row, at = at, upto = upto, before = before, put = put, forget_past = forget_past, keep = keep}
end

local KINDS, MADE = {}, {}
local function kind_of(name)
  local made = MADE[name]
  if not made then
    if name ~= 'natural' then rows = rows or made_rows() end
    made = KINDS[name]()
    MADE[name] = made
  end
  return made
end

function KINDS.natural()
  local function open(_) return {} end
  local function fits(hit, _, amount, _)
    return num(call('HGET', slice(hit, hit.start), hit.window) or '0') + amount <= hit.permits
  end
  local function take(hit, _, _)
    local key, limit = slice(hit, hit.start), hit.of
    if limit.turned == hit.start and hit.start ~= 0 then  -- the slice that was begun last
      call('HINCRBY', key, hit.window, hit.cost)
      return
    end
    if call('EXISTS', key) == 0 then
      local all, kept = P .. 'slices:' .. hit.name, 0
      for _, start in ipairs(call('LRANGE', all, 0, -1)) do kept = kept + call('HLEN', slice(hit, num(start))) end
      while kept > REMEMBERED do
        local gone = slice(hit, num(call('LPOP', all)))
        kept = kept - call('HLEN', gone)
        call('UNLINK', gone)
      end
      call('RPUSH', all, text(hit.start))
      limit.turned = hit.start
    end
    call('HINCRBY', key, hit.window, hit.cost)
  end
  local function room(hit, _, _)
    local start = hit.start + hit.seconds
    while hit.cost <= hit.permits and
      num(call('HGET', slice(hit, start), hit.window) or '0') + hit.cost > hit.permits do
      start = start + hit.seconds
    end
    return start
  end
  return {open = open, fits = fits, take = take, room = room}
end

function KINDS.rolling()
  local at, upto, before, put, forget_past, keep =
    rows.at, rows.upto, rows.before, rows.put, rows.forget_past, rows.keep
  local function open(hit) return rows.open(hit, 1) end
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
  local function fits(hit, times, amount, now)
    if times.size == 0 then return amount <= hit.permits end
    if times.size == 1 then
      local ago = at(times, 1) - now
      if -hit.seconds < ago and ago < hit.seconds then amount = amount + 1 end
      return amount <= hit.permits
    end
    return all_fit(hit, times, amount, now)
  end
  local function take(hit, times, now)
    local place, items = upto(times, now), {}
    for one = 1, hit.cost do items[one] = struct.pack('<d', now) end
    put(times, place, items, true)
    forget_past(times, now)
    keep(times, now)
  end
  local function room(hit, times, now)
    for place = upto(times, now - hit.seconds) + 1, times.size do
      local left = at(times, place) + hit.seconds
      if all_fit(hit, times, hit.cost, left) then return left end
    end
    return now + hit.seconds
  end
  return {open = open, fits = fits, take = take, room = room}
end

function KINDS.queue()
  local at, upto, put, forget_past, keep = rows.at, rows.upto, rows.put, rows.forget_past, rows.keep
  local function open(hit) return rows.open(hit, 2) end
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
  local function fits(hit, queued, amount, now)
    if queued.size == 0 then return amount <= hit.permits end
    if now >= at(queued, queued.size) then
      return level_now(hit, queued, now) + amount <= hit.permits + ROUNDING
    end
    for _, level in ipairs((levels(hit, queued, amount, now))) do
      if level > hit.permits + ROUNDING then return false end
    end
    return true
  end
  local function take(hit, queued, now)
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
  local function room(hit, queued, now)
    if queued.size == 0 then return now + hit.seconds end
    local last = math.max(now, at(queued, queued.size))
    local excess = levels(hit, queued, hit.cost, last)[1] - hit.permits
    if excess <= 0 or hit.cost > hit.permits then return last + hit.seconds end
    return last + excess * hit.seconds / hit.permits
  end
  return {open = open, fits = fits, take = take, room = room, levels = levels}
end

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
-- What is kept of a limit, and keeping it where it is another now.
local function sample(hit)
  local of = hit.of
  if of.kind ~= hit.kind or of.permits ~= hit.permits or of.seconds ~= hit.seconds
    or of.kept_turned ~= of.turned or of.kept_longest ~= of.longest then
    of.kind, of.permits, of.seconds = hit.kind, hit.permits, hit.seconds
    of.kept_turned, of.kept_longest = of.turned, of.longest
    call('HSET', P .. 'limits', hit.name, table.concat({of.identity, of.kind, text(of.permits),
      text(of.seconds), text(of.turned), text(of.longest)}, '\n'))
  end
end
-- A hit as it came ([scope, limit, window, kind, permits, seconds, start, cost, identity]), with
-- what is known of its limit, which all hits of a step share. One of another identity begins anew.
local limits = {}
local function asked(raw)
  local hit = {name = raw[1] .. '\n' .. raw[2], window = raw[3], kind = raw[4], permits = raw[5],
    seconds = raw[6], start = raw[7], cost = raw[8], identity = raw[9]}
  local of = limits[hit.name]
  if not of or of.identity ~= hit.identity then
    of = {identity = hit.identity, turned = 0, longest = 0, kind = false, permits = 0, seconds = 0,
      kept_turned = false, kept_longest = false, has_turned = false}
    hit.of = of
    local known = call('HGET', P .. 'limits', hit.name)
    if known then
      local identity, kind, permits, seconds, turned, longest =
        string.match(known, '^(.-)\n(.-)\n(.-)\n(.-)\n(.-)\n(.-)$')
      if identity == hit.identity then
        of.kind, of.permits, of.seconds = kind, num(permits), num(seconds)
        of.turned, of.longest = num(turned), num(longest)
        of.kept_turned, of.kept_longest = of.turned, of.longest
      else
        forget_limit(hit.name)
      end
    end
    if not of.kind then
      if call('HLEN', P .. 'limits') >= MOST_LIMITS then
        forget_limit(call('ZRANGE', P .. 'limits-made', 0, 0)[1])
      end
      sample(hit)
      call('ZADD', P .. 'limits-made', call('HINCRBY', P .. 'counts', 'limits', 1), hit.name)
    end
    limits[hit.name] = of
  end
  hit.of = of
  hit.does = kind_of(hit.kind)
  hit.row = hit.does.open(hit)
  return hit
end
local function full(hit, now, pending)
  return not hit.does.fits(hit, hit.row, pending + hit.cost, now)
end
local function take(hit, now)
  hit.does.take(hit, hit.row, now)
  sample(hit)
end
