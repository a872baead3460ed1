-- uses: world
return {1, call('ZRANGE', P .. 'set:' .. ARGV[3], ARGV[4], ARGV[5])}
