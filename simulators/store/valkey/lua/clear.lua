-- uses: world windows forget_messages
-- 3 "1" if the leases go as well
local drop = ARGV[3] == '1'
for _, name in ipairs(call('ZRANGE', P .. 'limits-made', 0, -1)) do forget_limit(name) end
for _, name in ipairs(call('SMEMBERS', P .. 'logs')) do call('UNLINK', P .. 'log:' .. name) end
for _, name in ipairs(call('SMEMBERS', P .. 'sets')) do call('UNLINK', P .. 'set:' .. name) end
forget_messages()
for _, name in ipairs({'settings', 'versions', 'counts', 'counters', 'nonces', 'plans', 'taken', 'logs',
  'sets', 'limits', 'limits-made'}) do
  call('UNLINK', P .. name)
end
local leases = call('SMEMBERS', P .. 'leases')
if drop then
  for _, name in ipairs(leases) do call('UNLINK', P .. 'leases:' .. name) end
  call('UNLINK', P .. 'leases', P .. 'leases-made', P .. 'version', P .. 'begins')
else
  if call('EXISTS', P .. 'version') == 1 then call('SET', P .. 'begins', call('INCR', P .. 'version')) end
  for _, name in ipairs(leases) do flag('\0leases:' .. name, call('ZCARD', P .. 'leases:' .. name) > 0) end
end
told()
return 1
