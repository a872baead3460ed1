-- uses: world messages
-- 3 the selection (JSON), 4 how many others may be looked at. Answers where to go on, and messages.
local wanted, looks = cjson.decode(ARGV[3]), num(ARGV[4])
local counts = call('HMGET', P .. 'counts', 'sequence', 'latest', 'disorder')
local newest, latest, in_order = num(counts[1] or '0'), num(counts[2] or '0'), not counts[3]
local since, before, after = wanted.since, wanted.before, wanted.after
local upto = wanted['until']

local kinds, size = {}, 0
local known = call('HGETALL', P .. 'kinds')
for place = 1, #known, 2 do
  local provider, inbound = string.match(known[place], '^(.*)/(%d)$')
  if num(known[place + 1]) > 0 and (wanted.provider == '' or wanted.provider == provider)
    and (wanted.inbound < 0 or wanted.inbound == num(inbound)) then
    kinds[#kinds + 1] = {key = P .. 'by-kind', name = known[place]}
    size = size + num(known[place + 1])
  end
end
if #kinds == 0 or wanted.limit <= 0 then return {0} end

-- Where the chain to a number goes on before a sequence, 0 for nowhere; nil if that is too far.
local function chain_before()
  local sequence = newest_to(wanted.to)
  local last = before > 0 and kept(before)
  if last then
    last = read(last)
    if last[TO] == wanted.to then sequence = last[PREVIOUS] end
  end
  for _ = 1, looks do
    if before == 0 or sequence < before then return sequence end
    local packed = kept(sequence)
    sequence = packed and read(packed)[PREVIOUS] or 0
  end
  return nil
end
local function chain(sequence)
  return function()
    if sequence <= after then return nil end
    local packed = kept(sequence)
    if not packed then return nil end
    local message = read(packed)
    sequence = message[PREVIOUS]
    return message, packed
  end
end

-- The first of an index that was sent after a time, where all are in order of it; 0 for none.
local function beyond(index, time)
  local first = '[' .. index.name .. '\0'
  local count = call('ZLEXCOUNT', index.key, first, first .. '\255')
  local from = call('ZLEXCOUNT', index.key, '-', '(' .. index.name .. '\0')
  local function sequence(place)
    return num(string.sub(call('ZRANGE', index.key, from + place, from + place)[1], -15))
  end
  local low, high = 0, count
  while low < high do
    local middle = math.floor((low + high) / 2)
    if read(kept(sequence(middle)))[AT] <= time then low = middle + 1 else high = middle end
  end
  return low < count and sequence(low) or 0
end
-- Sequences of one index in order, some at a time.
local function run(index, upper)
  local last, buffer, place = nil, {}, 0
  local name = index.name .. '\0'
  local low = '(' .. name .. string.format('%015d', after)
  local high = '(' .. name .. string.format('%015d', upper)
  local chunk = math.min(wanted.limit + 1, 64)
  return function()
    place = place + 1
    if place > #buffer then
      if last and #buffer < chunk then return nil end
      if wanted.oldest_first then
        buffer = call('ZRANGEBYLEX', index.key, last and '(' .. last or low, high, 'LIMIT', 0, chunk)
      else
        buffer = call('ZREVRANGEBYLEX', index.key, last and '(' .. last or high, low, 'LIMIT', 0, chunk)
      end
      place, last = 1, buffer[#buffer] or last or name
    end
    return buffer[place] and num(string.sub(buffer[place], -15))
  end
end
local function merged(indexes)
  local runs, heads = {}, {}
  for place, index in ipairs(indexes) do
    local upper = before > 0 and before or newest + 1
    if not wanted.oldest_first and in_order and upto < latest then
      local first = beyond(index, upto)
      if first > 0 then upper = math.min(first, upper) end
    end
    runs[place] = run(index, upper)
    heads[place] = runs[place]()
  end
  return function()
    local best
    for place = 1, #runs do
      local head = heads[place]
      if head and (not best or (head < heads[best]) == wanted.oldest_first) then best = place end
    end
    if not best then return nil end
    local sequence = heads[best]
    heads[best] = runs[best]()
    local packed = kept(sequence)
    return read(packed), packed
  end
end

local walk
if wanted.to ~= '' and not wanted.oldest_first then
  local from = chain_before()
  if from then walk = chain(from) end
end
if not walk and wanted.sender ~= '' then
  local first = '[' .. wanted.sender .. '\0'
  local sent = call('ZLEXCOUNT', P .. 'by-sender', first, first .. '\255')
  if sent == 0 then return {0} end
  if sent <= size then kinds = {{key = P .. 'by-sender', name = wanted.sender}} end
end
walk = walk or merged(kinds)

local answer, looked, last = {0}, 0, 0
while true do
  local message, packed = walk()
  if not message then return answer end
  local sent = message[AT]
  if in_order and (wanted.oldest_first and sent > upto or not wanted.oldest_first and sent < since) then
    return answer
  end
  if #answer > wanted.limit or looked >= wanted.limit + looks then
    answer[1] = last
    return answer
  end
  last, looked = message[SEQUENCE], looked + 1
  if since <= sent and sent <= upto
    and (wanted.to == '' or message[TO] == wanted.to)
    and (wanted.provider == '' or message[PROVIDER] == wanted.provider)
    and (wanted.sender == '' or message[SENDER] == wanted.sender)
    and (wanted.inbound < 0 or (wanted.inbound == 1) == (message[OPERATION] == 'inbound')) then
    answer[#answer + 1] = packed
  end
end
