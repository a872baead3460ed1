-- uses: world forget_messages
local count = call('HLEN', P .. 'messages')
forget_messages()
told()
return count
