-- Writes a batch: all of it, or nothing. Redis runs a script alone, and nothing is written before every operation has been decided.
--
-- KEYS     per operation: its record, and where ARGV[1] is 3 the sorted sets of the kind's names and ends
-- ARGV[1]  keys per operation
-- then per operation: verb, head, tail, life in milliseconds ('' for ever), name, end ('' never)
-- verbs    I insert, P put, T take, B take and leave another body, R replace, D delete
-- head     the first five bytes of a record: L or S, and the version
-- answers  -1 when all is written; else number and reason of what refused: E exists, A absent, S spent, C changed
local stride, fields = tonumber(ARGV[1]), 6
local pending, order = {}, {}

local function look(n)
  local key = KEYS[n * stride + 1]
  local entry = pending[key]
  if not entry then
    local head = redis.call('GETRANGE', key, 0, 4)
    entry = { key = key, head = head ~= '' and head }
    if stride == 3 then entry.names, entry.ends = KEYS[n * stride + 2], KEYS[n * stride + 3] end
    pending[key], order[#order + 1] = entry, entry
  end
  return entry
end

local function later(head, state)
  return state .. struct.pack('>I4', (struct.unpack('>I4', head, 2) + 1) % 4294967296)
end

-- What overwrites a record: the version grows, and spent is final.
local function succeed(stored, state)
  return later(stored, string.sub(stored, 1, 1) == 'S' and 'S' or state)
end

local function leave(entry, body)
  local tail = entry.tail or redis.call('GETRANGE', entry.key, 5, -1)
  return string.sub(tail, 1, struct.unpack('>I4', tail, 17) - 5) .. body
end

for n = 0, (#ARGV - 1) / fields - 1 do
  local verb, head, tail, life, name, ends = unpack(ARGV, n * fields + 2, n * fields + 7)
  local entry = look(n)
  local stored, state = entry.head, string.sub(head, 1, 1)
  entry.name = name
  if verb == 'T' or verb == 'B' then
    if not stored then return { n, 'A' } end
    if string.sub(stored, 1, 1) == 'S' then return { n, 'S' } end
    if stored ~= head then return { n, 'C' } end
    entry.head = later(stored, 'S')
    if verb == 'B' then entry.tail = leave(entry, tail) end
  elseif verb == 'D' then
    entry.head, entry.tail, entry.life = false, nil, nil
  else
    if verb == 'I' and stored then return { n, 'E' } end
    if verb == 'R' and not stored then return { n, 'A' } end
    if verb == 'R' and string.sub(stored, 2) ~= string.sub(head, 2) then return { n, 'C' } end
    entry.head = stored and succeed(stored, state) or head
    entry.tail, entry.life, entry.until_ = tail, life, ends
  end
end

for _, entry in ipairs(order) do
  if not entry.head then
    redis.call('UNLINK', entry.key)
  elseif not entry.tail then
    redis.call('SETRANGE', entry.key, 0, entry.head)
  elseif not entry.life then
    redis.call('SET', entry.key, entry.head .. entry.tail, 'KEEPTTL')
  elseif entry.life == '' then
    redis.call('SET', entry.key, entry.head .. entry.tail)
  else
    redis.call('SET', entry.key, entry.head .. entry.tail, 'PX', entry.life)
  end
  if entry.names and not entry.head then
    redis.call('ZREM', entry.names, entry.name)
    redis.call('ZREM', entry.ends, entry.name)
  elseif entry.names and entry.until_ then
    redis.call('ZADD', entry.names, 0, entry.name)
    if entry.until_ == '' then
      redis.call('ZREM', entry.ends, entry.name)
    else
      redis.call('ZADD', entry.ends, entry.until_, entry.name)
    end
  end
end
return { -1, '' }
