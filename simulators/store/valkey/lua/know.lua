-- uses: world
if not call('ZSCORE', P .. 'worlds', ARGV[3]) then
  call('ZADD', P .. 'worlds', call('HINCRBY', P .. 'counts', 'worlds', 1), ARGV[3])
end
return 1
