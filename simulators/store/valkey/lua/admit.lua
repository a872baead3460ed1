-- uses: world windows messages
-- 3 what is wanted (JSON): now, messages kept, hits of each draft, costs, of each draft id, to, kind,
-- sender and at. Then of each draft: the message up to its sequence, and its code.
local now, most, wanted, costs, drafts = unpack(cjson.decode(ARGV[3]))
local any, fulls, pending, all = false, {}, {}, {}
for draft, raws in ipairs(wanted) do
  all[draft] = {}
  for place, raw in ipairs(raws) do
    local hit = asked(raw)
    all[draft][place] = hit
    local key = hit.name .. '\n' .. hit.window
    local earlier = pending[key] or 0
    if not fulls[draft] and full(hit, now, earlier) then
      fulls[draft], any = place, true
      if #wanted == 1 then break end
    end
    pending[key] = earlier + hit.cost
  end
end
local function money(amount) return num(string.format('%.6f', amount)) end
local balance, poor, sum = nil, {}, 0
if #costs > 0 then balance = call('HGET', P .. 'settings', 'balance') end
if balance then
  balance = num(balance)
  local left = balance
  for draft, cost in ipairs(costs) do
    if cost[2] ~= cjson.null and money(left) < cost[2] then poor[draft], any = true, true end
    left = left - cost[1]
    sum = sum + cost[1]
  end
end
local found = {}
if any then
  for draft = 1, #wanted do
    local place = fulls[draft] or 0
    local room = 0
    if place > 0 then
      local hit = all[draft][place]
      room = hit.does.room(hit, hit.row, now)
    end
    found[draft] = {place, text(room), poor[draft] and 1 or 0}
  end
  return {0, found}
end
local versions
if balance then
  local left = string.gsub(string.format('%.6f', balance - sum), '0+$', '')
  if string.sub(left, -1) == '.' then left = left .. '0' end
  versions = replace('balance', left)
  versions[3] = left
end
local rows = {}  -- that were changed in this step, and are read again
-- How many are kept is counted where it may matter; more than there are numbers from the oldest on
-- cannot be.
local counts, kept_now = P .. 'counts', nil
local sequence, latest, disorder, oldest = unpack(call('HMGET', counts, 'sequence', 'latest', 'disorder', 'oldest'))
sequence, latest, oldest = num(sequence or '0'), num(latest or '0'), num(oldest or '1')
for draft, hits in ipairs(all) do
  for place, hit in ipairs(hits) do
    local key = hit.name .. '\n' .. hit.window
    take(rows[key] and asked(wanted[draft][place]) or hit, now)
    rows[key] = true
  end
  local id, to, of, sender, sent = unpack(drafts[draft])
  if not kept_now and (disorder or sent < latest or sequence - oldest + 2 > most) then
    kept_now = call('HLEN', P .. 'messages')
  end
  if kept_now == 0 then
    if disorder then call('HDEL', counts, 'disorder') end
    disorder = false
  elseif sent < latest then
    call('HSET', counts, 'disorder', 1)
    disorder = '1'
  end
  sequence, latest = sequence + 1, sent
  local previous = newest_to(to)
  local packed = table.concat({ARGV[2 + 2 * draft], sequence, ',', previous, ',', ARGV[3 + 2 * draft], ']'})
  call('HSET', P .. 'messages', sequence, packed)
  call('HSET', P .. 'ids', id, sequence)
  call('HSET', P .. 'newest-to', to, sequence)
  call('ZADD', P .. 'by-kind', 0, placed(of, sequence))
  call('HINCRBY', P .. 'kinds', of, 1)
  call('ZADD', P .. 'by-sender', 0, placed(sender, sequence))
  if kept_now then kept_now = kept_now + 1 end
  if kept_now and kept_now > most then
    while not kept(oldest) do oldest = oldest + 1 end
    local gone = read(kept(oldest))
    call('HDEL', P .. 'messages', oldest)
    forget_places(gone)
    local place = tostring(oldest)
    if call('HGET', P .. 'ids', gone[ID]) == place then call('HDEL', P .. 'ids', gone[ID]) end
    if call('HGET', P .. 'newest-to', gone[TO]) == place then call('HDEL', P .. 'newest-to', gone[TO]) end
    oldest = oldest + 1
    call('HSET', counts, 'oldest', oldest)
    kept_now = kept_now - 1
  end
  call('PUBLISH', ARGV[1] .. 'kept:' .. string.match(ARGV[2], ' (.*)$'), string.match(ARGV[2], '^(.-) ') .. ' ' .. packed)
  found[draft] = {sequence, previous}
end
call('HSET', counts, 'sequence', sequence, 'latest', latest)
told()
return {1, found, versions or {}}
