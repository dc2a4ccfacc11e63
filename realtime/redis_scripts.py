"""The Lua that makes a Redis stream of a channel: what has to be one step is one script.

Keys: a stream of entries `<offset>-0 d <body>` and a hash `e` epoch, `o` last offset. A hash that is
missing while its stream is there was evicted: the stream belongs to no epoch and is dropped.
"""

_OPEN = """
local epoch = redis.call('HGET', KEYS[2], 'e')
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[2], 'e', epoch, 'o', 0)
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
"""

# ARGV: new epoch, epoch ttl ms, history size, history ttl ms, pub/sub channel, sent at, bodies...
APPEND = (
    _OPEN
    + """
local lengths = {}
local last
for i = 7, #ARGV do
  last = redis.call('HINCRBY', KEYS[2], 'o', 1)
  redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[3], string.format('%.0f-0', last), 'd', ARGV[i])
  lengths[#lengths + 1] = #ARGV[i]
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local first = string.format('%.0f', last - #lengths + 1)
local head = 'p:' .. epoch .. ':' .. first .. ':' .. ARGV[6] .. ':' .. table.concat(lengths, ',')
redis.call('PUBLISH', ARGV[5], head .. '\\n' .. table.concat(ARGV, '', 7))
return {epoch, last}
"""
)

# ARGV: new epoch, epoch ttl ms, since ('' for none), limit (-1 for all, 0 for none), '1' in reverse.
READ = (
    _OPEN
    + """
local last = redis.call('HGET', KEYS[2], 'o')
if ARGV[4] == '0' then return {epoch, last, {}} end
local from, to, command = '-', '+', 'XRANGE'
if ARGV[5] == '1' then
  command, from, to = 'XREVRANGE', '+', '-'
  if ARGV[3] ~= '' then
    if ARGV[3] == '0' then return {epoch, last, {}} end
    from = string.format('%.0f', tonumber(ARGV[3]) - 1)
  end
elseif ARGV[3] ~= '' then
  from = string.format('%.0f', tonumber(ARGV[3]) + 1)
end
local entries
if ARGV[4] == '-1' then
  entries = redis.call(command, KEYS[1], from, to)
else
  entries = redis.call(command, KEYS[1], from, to, 'COUNT', ARGV[4])
end
return {epoch, last, entries}
"""
)

# KEYS: hash of client to info, sorted set of client by the time it is gone. ARGV: now.
PRESENT = """
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
for i = 1, #gone, 1000 do
  local some = {unpack(gone, i, math.min(i + 999, #gone))}
  redis.call('HDEL', KEYS[1], unpack(some))
  redis.call('ZREM', KEYS[2], unpack(some))
end
return redis.call('HGETALL', KEYS[1])
"""
