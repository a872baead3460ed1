-- uses: world messages
-- 3 the id
local function with_previous(packed, previous)
  return (string.gsub(packed, ',(%d+),%d+,("[^"]*")%]$', ',%1,' .. previous .. ',%2]'))
end
told()
local sequence = call('HGET', P .. 'ids', ARGV[3])
if not sequence then return 0 end
local gone = read(kept(sequence))
call('HDEL', P .. 'ids', ARGV[3])
call('HDEL', P .. 'messages', sequence)
forget_places(gone)
local to, previous = gone[TO], gone[PREVIOUS]
local later = newest_to(to)
if later == num(sequence) then
  if kept(previous) then
    call('HSET', P .. 'newest-to', to, previous)
  else
    call('HDEL', P .. 'newest-to', to)
  end
  return 1
end
while later > num(sequence) do  -- the chain is led around what is gone
  local packed = kept(later)
  if not packed then break end
  local before = read(packed)[PREVIOUS]
  if before == num(sequence) then
    call('HSET', P .. 'messages', later, with_previous(packed, previous))
    break
  end
  later = before
end
return 1
