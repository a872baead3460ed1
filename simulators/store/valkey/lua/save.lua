-- uses: world
-- 3 the name, 4 the document; without one it is forgotten
if not ARGV[4] and call('HEXISTS', P .. 'settings', ARGV[3]) == 0 then
  return {version(), version()}
end
told()
return replace(ARGV[3], ARGV[4] or false)
