-- Kept messages: by sequence, by id, those to one number as a chain from the newest, those of one
-- provider (sent or inbound) and of one sender in order. A packed message is a JSON array:
-- id, provider, operation, to, sender, text, segments, at, ..., sequence, previous, code.
local ID, PROVIDER, OPERATION, TO, SENDER, AT, SEQUENCE, PREVIOUS = 1, 2, 3, 4, 5, 8, 13, 14
local function read(packed) return cjson.decode(packed) end
local function placed(name, sequence) return name .. '\0' .. string.format('%015d', sequence) end
local function kind(message)
  return message[PROVIDER] .. (message[OPERATION] == 'inbound' and '/1' or '/0')
end
local function kept(sequence) return call('HGET', P .. 'messages', sequence) end
local function forget_places(message)
  local of = kind(message)
  call('ZREM', P .. 'by-kind', placed(of, message[SEQUENCE]))
  call('HINCRBY', P .. 'kinds', of, -1)
  call('ZREM', P .. 'by-sender', placed(message[SENDER], message[SEQUENCE]))
end
local function newest_to(to) return num(call('HGET', P .. 'newest-to', to) or '0') end
