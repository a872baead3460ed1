-- uses: world messages
local sequence = call('HGET', P .. 'ids', ARGV[3])
return sequence and kept(sequence)
