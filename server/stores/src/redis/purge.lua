-- Deletes records with a name whose time is over; answers how many.
--
-- KEYS     where ARGV[2] is 'indexed': the sorted sets of names and ends of a kind, then its records; else records alone
-- ARGV[1]  now in milliseconds; ARGV[3] and on are the records' names
local now, indexed = tonumber(ARGV[1]), ARGV[2] == 'indexed'
local first, deleted = indexed and 3 or 1, 0
for n = first, #KEYS do
  local ends = redis.call('GETRANGE', KEYS[n], 5, 12)
  local over = ends ~= '' and struct.unpack('>i8', ends) <= now
  if over then
    redis.call('UNLINK', KEYS[n])
    deleted = deleted + 1
  end
  if indexed and (over or ends == '') then
    local name = ARGV[n - first + 3]
    redis.call('ZREM', KEYS[1], name)
    redis.call('ZREM', KEYS[2], name)
  end
end
return deleted
