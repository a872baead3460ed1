-- Forgets all messages of an account.
local function forget_messages()
  call('UNLINK', P .. 'messages', P .. 'ids', P .. 'newest-to', P .. 'by-kind', P .. 'by-sender', P .. 'kinds')
  call('HDEL', P .. 'counts', 'disorder')
  call('HSET', P .. 'counts', 'oldest', num(call('HGET', P .. 'counts', 'sequence') or '0') + 1)
end
