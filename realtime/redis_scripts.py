"""The Lua that makes a Redis stream of a channel: what has to be one step is one script.

Keys: a stream of entries `<offset>-0 d <body>` and a hash `e` epoch, `o` last offset, `s` server. A
hash that is missing while its stream is there was evicted: the stream belongs to no epoch and is
dropped. A hash of another server is what a failover or a restart has left: the last publications
may be missing from it, and their offsets would be given again, so the epoch ends there too.

The first argument of each script is the server, as its replication names it.
"""

from realtime.broker import ONCE_S
from realtime.redis_commands import Script

# An epoch outlives its history: a client that comes back after a night has missed everything, but
# one that missed nothing keeps its place.
EPOCH_TTL_MS = 7 * 24 * 3600 * 1000

_OPEN = """
local function open()
  local held = redis.call('HMGET', KEYS[2], 'e', 's')
  local epoch = held[1]
  if not epoch or held[2] ~= ARGV[1] then
    epoch = ARGV[2]
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[2], 'e', epoch, 'o', 0, 's', ARGV[1])
  end
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  return epoch
end
"""

# ARGV: server, new epoch, epoch ttl ms, history size, history ttl ms, publishing command, pub/sub
# channel, sent at, bodies...
APPEND = Script(
    _OPEN
    + """
local epoch, lengths = open(), {}
local first = redis.call('HINCRBY', KEYS[2], 'o', #ARGV - 8) - #ARGV + 9
for i = 9, #ARGV do
  local id = string.format('%.0f-0', first + i - 9)
  redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[4], id, 'd', ARGV[i])
  lengths[#lengths + 1] = #ARGV[i]
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
local head = 'p:' .. epoch .. ':' .. string.format('%.0f', first) .. ':' .. ARGV[8] .. ':'
local text = head .. table.concat(lengths, ',') .. '\\n' .. table.concat(ARGV, '', 9)
redis.call(ARGV[6], ARGV[7], text)
return {epoch, first + #ARGV - 9}
"""
)

# The same where some have a key under which they are published once. KEYS: stream, hash, a note of
# each key. ARGV: as above with history size 0 where nothing is kept, then of each publication the
# index of its note in KEYS (0: none) and its body. Gives `epoch:offset` of each, noted or new.
APPEND_ONCE = Script(
    _OPEN
    + """
local kept, epoch, offset = ARGV[4] ~= '0', '', 0
if kept then
  epoch = open()
  offset = tonumber(redis.call('HGET', KEYS[2], 'o'))
end
local first, positions, lengths, bodies = offset + 1, {}, {}, {}
for i = 9, #ARGV, 2 do
  local note, body = KEYS[tonumber(ARGV[i])], ARGV[i + 1]
  local position = note and redis.call('GET', note)
  if not position then
    if kept then
      offset = offset + 1
      redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[4], string.format('%.0f-0', offset), 'd', body)
    end
    position = epoch .. ':' .. string.format('%.0f', offset)
    if note then redis.call('SET', note, position, 'EX', """
    + str(ONCE_S)
    + """) end
    lengths[#lengths + 1], bodies[#bodies + 1] = #body, body
  end
  positions[#positions + 1] = position
end
if #bodies == 0 then return positions end
if kept then
  redis.call('HSET', KEYS[2], 'o', string.format('%.0f', offset))
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
else
  first = 0
end
local head = 'p:' .. epoch .. ':' .. string.format('%.0f', first) .. ':' .. ARGV[8] .. ':'
redis.call(ARGV[6], ARGV[7], head .. table.concat(lengths, ',') .. '\\n' .. table.concat(bodies))
return positions
"""
)

# ARGV: server, new epoch, epoch ttl ms, since ('' for none), limit (-1 for all, 0 for none), '1' in
# reverse.
READ = Script(
    _OPEN
    + """
local epoch, last = open(), redis.call('HGET', KEYS[2], 'o')
if ARGV[5] == '0' then return {epoch, last, {}} end
local from, to, command = '-', '+', 'XRANGE'
if ARGV[6] == '1' then
  command, from, to = 'XREVRANGE', '+', '-'
  if ARGV[4] ~= '' then
    if ARGV[4] == '0' then return {epoch, last, {}} end
    from = string.format('%.0f', tonumber(ARGV[4]) - 1)
  end
elseif ARGV[4] ~= '' then
  from = string.format('%.0f', tonumber(ARGV[4]) + 1)
end
local entries
if ARGV[5] == '-1' then
  entries = redis.call(command, KEYS[1], from, to)
else
  entries = redis.call(command, KEYS[1], from, to, 'COUNT', ARGV[5])
end
return {epoch, last, entries}
"""
)

FORGET = Script("return redis.call('DEL', KEYS[1], KEYS[2])")

# Presence. KEYS: hash of client to info, sorted set of client by the time it is gone.
# ARGV: server, ttl s, gone at, client, info, client, info, ...
KEEP = Script("""
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[i])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
""")

# ARGV: server, client.
DROP = Script("""
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
""")

# ARGV: server, now.
PRESENT = Script("""
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2])
for i = 1, #gone, 1000 do
  local some = {unpack(gone, i, math.min(i + 999, #gone))}
  redis.call('HDEL', KEYS[1], unpack(some))
  redis.call('ZREM', KEYS[2], unpack(some))
end
return redis.call('HGETALL', KEYS[1])
""")
