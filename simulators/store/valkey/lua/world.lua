-- What every script has: the account's keys (all of one hash tag), and who is told of changes.
-- KEYS[1] is the prefix of the keys, ARGV[1] that of the channels, ARGV[2] "node account".
local P = KEYS[1]
local call, num = redis.call, tonumber
local function text(number) return string.format('%.17g', number) end
local function told() call('PUBLISH', ARGV[1] .. 'news', ARGV[2]) end

-- The next version of the settings, in which a document is another one. The first is the time in
-- microseconds: after the engine was emptied none comes again that a node may know.
local function changed(name)
  local version
  if call('EXISTS', P .. 'version') == 1 then
    version = call('INCR', P .. 'version')
  else
    local time = call('TIME')
    version = num(time[1]) * 1000000 + num(time[2])
    call('SET', P .. 'version', text(version))
    call('SET', P .. 'begins', text(version))
  end
  call('ZADD', P .. 'versions', text(version), name)
  local known = call('ZCARD', P .. 'versions')
  if known > 1000 and known > 2 * call('HLEN', P .. 'settings') then
    for _, one in ipairs(call('ZRANGE', P .. 'versions', 0, -1)) do
      if call('HEXISTS', P .. 'settings', one) == 0 then call('ZREM', P .. 'versions', one) end
    end
    call('SET', P .. 'begins', text(version))
  end
  return version
end
local function version() return num(call('GET', P .. 'version') or '0') end
-- Replaces a document; false forgets it. Versions before and after.
local function replace(name, packed)
  local before = version()
  if packed then
    call('HSET', P .. 'settings', name, packed)
  else
    call('HDEL', P .. 'settings', name)
  end
  return {before, changed(name)}
end
-- A document that says only that there is something of a kind, so that nodes need not ask.
local function flag(name, on)
  if on ~= (call('HEXISTS', P .. 'settings', name) == 1) then replace(name, on and 'true') end
end
