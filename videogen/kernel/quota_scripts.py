"""What Redis does for `quota`, in Lua. Each script is one step that nobody comes in between of.

KEYS: the subject's state, those who wait by their places, those whose calls are running by the
end of their leases. All times are seconds. The state is a hash, where `…` is `requests` or `tokens`:

* `…` is the limit per minute in force, `…_at` when what was let through is paid for, and `…_end`
  when those who wait are, too; by the clock that stands still;
* `told_…` and `guessed_…` are limits that the server said or let us find out, until `…_until`;
* `guessed_for_want` is 1 where a guess is only for want of what the server says about its limits;
* `paused_until` is on Redis's clock, `pauses` is how long all pauses were together;
* `call_seconds` is how long calls take, `shut_seconds` how long the last pause without a reason was.
"""

from videogen.kernel.redis import CLOCK

# A strict server allows N requests in any 60 s. We spread N over 64 s, one in T = 64/N seconds. With a
# tolerance of 3 s, GCRA lets N+1 through only within N*T - 3 = 61 s or more, so they do not arrive within
# 60 s unless one is a second longer on its way than another. In use are 60/64 = 93.75 % of N.
# The tolerance is also the burst after silence (1 + 3/T: 3 of 60 per minute, 29 of 600), and how late
# somebody may come for a place without slowing down those behind.
# Tokens: a call that takes up to 3 s of the spread waits until it and all before it are paid for but 3 s,
# so any 61 s see at most 64 s worth: N tokens. A larger call waits until all before it are paid for;
# together with it any 60 s may exceed N, by less than what it costs itself.
MINUTE_SECONDS = 60.0
SPREAD_SECONDS = 64.0
TOLERANCE_SECONDS = 3.0

#: A server that wants to be left alone for hours is asked again after this.
PAUSE_CAP = 600.0
#: What a server said about its limits, or let us find out, holds so long.
LEARNED_SECONDS = 600.0
#: A ticket whose place came and went is remembered so long.
ABSENT_SECONDS = 600.0
#: Whoever waits for one of the concurrent calls looks at least this often. Much less would let those far
#: behind come by chance before those in front.
FULL_CAP_SECONDS = 120.0
#: The pause after a refusal for which there is no better reason.
REFUSED_SECONDS = 5.0
#: What was let through is counted in pieces of so many seconds.
PIECE_SECONDS = 5
#: A refusal after less than this in a minute had another reason than the number of requests.
FEWEST_PER_MINUTE = 3
#: A refusal though less than this part of the guess went: the server is shut. The guess shrinks no faster.
SLOWER = 0.9
#: How fast it goes after a pause if nothing at all is known, and nothing was refused.
CAREFUL_PER_MINUTE = 60
#: State of which nobody has spoken for so long is forgotten.
FORGOTTEN_SECONDS = 7200

_CONSTANTS = f"""
local MINUTE, SPREAD, TOLERANCE = {MINUTE_SECONDS}, {SPREAD_SECONDS}, {TOLERANCE_SECONDS}
local LEARNED, ABSENT, FORGOTTEN = {LEARNED_SECONDS}, {ABSENT_SECONDS}, {FORGOTTEN_SECONDS}
local PAUSE_CAP, FULL_CAP, REFUSED = {PAUSE_CAP}, {FULL_CAP_SECONDS}, {REFUSED_SECONDS}
local PIECE, FEWEST, CAREFUL, SLOWER = {PIECE_SECONDS}, {FEWEST_PER_MINUTE}, {CAREFUL_PER_MINUTE}, {SLOWER}
"""

# `clock` stands still while there is a pause: it is `now` less all pauses so far.
_STATE = (
    CLOCK
    + _CONSTANTS
    + """
local state, flat = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do state[flat[i]] = tonumber(flat[i + 1]) end
local function get(name) return state[name] or 0 end
local function set(name, value)
  state[name] = value
  redis.call('HSET', KEYS[1], name, string.format('%.6f', value))
end
local clock = math.max(now, get('paused_until')) - get('pauses')

local function piece_key(number) return KEYS[1] .. ':piece:' .. number end
local function count(change)
  local key = piece_key(math.floor(now / PIECE))
  redis.call('INCRBY', key, change)
  redis.call('EXPIRE', key, MINUTE + 2 * PIECE)
end
-- How many were let through in the last minute, and how long ago that began (at least).
local function last_minute()
  local sum, age, newest = 0, 0, math.floor(now / PIECE)
  for number = newest - MINUTE / PIECE + 1, newest do
    local found = tonumber(redis.call('GET', piece_key(number)) or 0)
    if found > 0 and age == 0 then age = math.max(0, now - (number + 1) * PIECE) end
    sum = sum + found
  end
  return sum, age
end
local function smallest(configured, what)
  local found = configured
  for _, source in ipairs({'told_', 'guessed_'}) do
    local value = get(source .. what)
    if value > 0 and get(source .. what .. '_until') > now and (found == 0 or value < found) then
      found = value
    end
  end
  return found
end
"""
)

TAKE = (
    _STATE
    + """
local WAITING, LEASES = KEYS[2], KEYS[3]
local ticket, cost, lease_seconds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local requests = smallest(tonumber(ARGV[4]), 'requests')
local tokens = smallest(tonumber(ARGV[5]), 'tokens')
local concurrent = tonumber(ARGV[6])

if requests ~= get('requests') then
  set('requests', requests)
  if requests > 0 then  -- Another limit counts what went before it was known, too.
    local passed, age = last_minute()
    local paid_at = now - age + passed * SPREAD / requests
    set('requests_at', math.max(get('requests_at'), paid_at - get('pauses')))
  end
end
if tokens ~= get('tokens') then set('tokens', tokens) end

local step = {requests = requests > 0 and SPREAD / requests or 0,
               tokens = tokens > 0 and SPREAD * math.min(cost, tokens) / tokens or 0}
-- When this call may go if what went before it is paid for at these two times.
local function permitted(at)
  local requests_from = step.requests > 0 and at.requests - TOLERANCE or 0
  local tokens_from = step.tokens > 0 and at.tokens - math.max(TOLERANCE - step.tokens, 0) or 0
  return math.max(requests_from, tokens_from)
end
local permit = permitted({requests = get('requests_at'), tokens = get('tokens_at')})

redis.call('ZREMRANGEBYSCORE', WAITING, '-inf', string.format('%.6f', clock - ABSENT))
local slot = tonumber(redis.call('ZSCORE', WAITING, ticket) or nil)
local paused = get('paused_until') - now
local is_idle = paused <= 0 and permit + TOLERANCE <= clock
if slot and permit > clock and clock > slot + TOLERANCE then
  redis.call('ZREM', WAITING, ticket)  -- Late, and in a bunch: it would push back those who are on time.
  slot = nil
end
if not slot and is_idle then
  slot = clock
elseif not slot then
  local waiting = redis.call('ZCARD', WAITING) > 0
  local ends = {}
  for what in pairs(step) do
    local at, last = get(what .. '_at'), get(what .. '_end')
    ends[what] = waiting and last > at and last or at
  end
  slot = math.max(clock, permitted(ends))
  for what, seconds in pairs(step) do set(what .. '_end', math.max(ends[what], slot) + seconds) end
end

local function wait_for(seconds, reason)
  redis.call('ZADD', WAITING, string.format('%.6f', slot), ticket)
  redis.call('EXPIRE', WAITING, FORGOTTEN)
  redis.call('EXPIRE', KEYS[1], FORGOTTEN)
  return {string.format('%.6f', seconds), reason}
end

local ahead = math.max(slot, permit, clock) - clock
if is_idle then ahead = 0 end
if paused > 0 then return wait_for(paused + ahead, 'quota.paused') end
if ahead > 0.001 then return wait_for(ahead, 'quota.waiting') end

redis.call('ZREMRANGEBYSCORE', LEASES, '-inf', string.format('%.6f', now))
local is_full = concurrent > 0 and redis.call('ZCARD', LEASES) >= concurrent
if is_full and not redis.call('ZSCORE', LEASES, ticket) then
  -- Little's law: those before us are gone after so many places have become free.
  redis.call('ZADD', WAITING, string.format('%.6f', slot), ticket)
  local before = redis.call('ZRANK', WAITING, ticket)
  local seconds = get('call_seconds') * (before + 1) / concurrent
  return wait_for(math.min(math.max(seconds, 0.1), FULL_CAP), 'quota.full')
end

redis.call('ZREM', WAITING, ticket)
redis.call('ZADD', LEASES, string.format('%.6f', now + lease_seconds), ticket)
redis.call('EXPIRE', LEASES, FORGOTTEN)
for what, seconds in pairs(step) do
  if seconds > 0 then set(what .. '_at', math.max(get(what .. '_at'), clock) + seconds) end
end
count(1)
redis.call('EXPIRE', KEYS[1], FORGOTTEN)
return {'0', ''}
"""
)

SETTLE = (
    _STATE
    + """
local cost, actual, seconds = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREM', KEYS[3], ARGV[1])
set('call_seconds', state.call_seconds and state.call_seconds * 0.8 + seconds * 0.2 or seconds)
local tokens = get('tokens')
if actual >= 0 and tokens > 0 then
  local change = (math.min(actual, tokens) - math.min(cost, tokens)) * SPREAD / tokens
  for _, name in ipairs({'tokens_at', 'tokens_end'}) do
    if state[name] then set(name, state[name] + change) end
  end
end
redis.call('EXPIRE', KEYS[1], FORGOTTEN)
"""
)

# Only the last place on the schedule can be given to another; an empty one before it is left to chance.
LEAVE = (
    _STATE
    + """
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0)[1]
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 or last ~= ARGV[1] then return end
for what, amount in pairs({requests = 1, tokens = tonumber(ARGV[2])}) do
  local limit = get(what)
  if limit > 0 then
    set(what .. '_end', get(what .. '_end') - SPREAD * math.min(amount, limit) / limit)
  end
end
"""
)

LEARN = (
    _STATE
    + """
for i, what in ipairs({'requests', 'tokens'}) do
  local limit = tonumber(ARGV[i])
  if limit > 0 then
    set('told_' .. what, limit)
    set('told_' .. what .. '_until', now + LEARNED)
    if what == 'requests' and get('guessed_for_want') == 1 then set('guessed_requests_until', 0) end
  end
end
redis.call('EXPIRE', KEYS[1], FORGOTTEN)
"""
)

PAUSE = (
    _STATE
    + """
local seconds, is_refused = tonumber(ARGV[1]), ARGV[2] == '1'
if is_refused then count(-1) end
local passed, age = last_minute()
local guess = math.max(passed, is_refused and FEWEST or CAREFUL)
local known = get('guessed_requests_until') > now and get('guessed_requests') or 0
local is_shut = is_refused and guess < known * SLOWER
if is_shut then guess = get('paused_until') > now and known or math.max(guess, known * SLOWER) end
local is_told = get('told_requests') > 0 and get('told_requests_until') > now
local is_known = is_told or get('requests') > 0
if is_refused and (seconds < 0 or not is_told) or not is_known then
  set('guessed_requests', guess)
  set('guessed_requests_until', now + LEARNED)
  set('guessed_for_want', is_refused and seconds < 0 and 0 or 1)
end
if seconds < 0 then  -- What was let through first leaves the server's window a minute later.
  seconds = REFUSED
  if passed > 0 then seconds = math.max(seconds, MINUTE - age) end
  if is_shut and get('paused_until') <= now then  -- Too few went for the rate to be the reason.
    seconds = math.max(seconds, 2 * get('shut_seconds'))
    set('shut_seconds', seconds)
  elseif not is_shut then
    set('shut_seconds', 0)
  end
end
local before = math.max(get('paused_until'), now)
local target = math.max(before, now + math.min(seconds, PAUSE_CAP))
set('pauses', get('pauses') + target - before)
for _, name in ipairs({'requests_at', 'tokens_at'}) do  -- To the server, time does not stand still.
  if state[name] then set(name, state[name] - (target - before)) end
end
set('paused_until', target)
redis.call('EXPIRE', KEYS[1], FORGOTTEN)
return string.format('%.6f', target - now)
"""
)

LOOK = (
    _STATE
    + """
local function whole(number) return string.format('%.0f', number) end
return {whole(smallest(get('requests'), 'requests')), whole(smallest(get('tokens'), 'tokens')),
        string.format('%.6f', math.max(get('paused_until') - now, 0)),
        redis.call('ZCOUNT', KEYS[3], string.format('(%.6f', now), '+inf'),
        redis.call('ZCARD', KEYS[2]), (last_minute())}
"""
)
