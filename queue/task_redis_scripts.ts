/**
 * What runs inside Redis: every change of the list is one script, so that nobody ever sees half of it. All scripts share
 * this beginning, which knows how a task is stored and which indexes follow from its state.
 *
 * Keys, all under `corehaul:{namespace}:`, so that they are in one slot of a cluster:
 *
 * | key | value |
 * |---|---|
 * | `b:N` | a hash: the records of 128 numbers, and how many of them are in each state (`#w`, …) |
 * | `in:S` | a sorted set: the `b:` hashes that hold tasks in state S |
 * | `q:RANK:HOST` | a sorted set: the ready tasks of a host with one priority, by number |
 * | `heads` | a sorted set: for each of those its rank, shard and oldest number: the order of the claims |
 * | `head` | a hash: what `heads` has for each, or `@` if it is set aside |
 * | `aside` | a sorted set: what is set aside, by the time until when |
 * | `delayed` | a sorted set: tasks that wait for their time |
 * | `run:OWNER` | a set: what an owner runs |
 * | `hosts` | a hash: how many tasks of a host run |
 * | `paths` | a hash: the number behind a path, and the mark of the entry that asked for it |
 * | `ids` | a hash: the number behind an id that the user gave |
 * | `owners`, `alive`, `vitals`, `dead` | who is registered, until when it may not be doubted, what it says of itself; whose tasks are being taken back |
 * | `cool` | a sorted set: hosts that are left alone, by the time until when |
 * | `orders:OWNER` | a list: what users did to tasks that it ran |
 * | `claims`, `taken` | hashes: the latest answer to an owner, should it have got lost |
 * | `counts` | a hash: how many tasks are in each state |
 * | `seq`, `fence` | the last number given out |
 *
 * A record is `rev ⇥ state ⇥ fence ⇥ owner ⇥ core ⇥ rank ⇥ notBefore ⇥ id ⇥ host ⇥ text`. A claim makes a new fence, every
 * other write raises `rev`: whoever shows how a record begins has seen it as it is.
 *
 * @module
 */

/** Numbers that share one hash. */
export const BUCKET = 128;

/** How long an owner counts as alive after a heartbeat. */
export const REDIS_LEASE_MS = 15_000;

/** The beginning of every script. */
export const PRELUDE = `
local P = KEYS[1]
local call = redis.call
local HEAD = '^(%d+)\\t(%a)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t()'

local function serverTime(given)
  if given ~= '' then return tonumber(given) end
  local t = call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local sub, match, format, floor = string.sub, string.match, string.format, math.floor
local function whole(n) return format('%d', n) end
local buckets = {}
local function bucketOf(seq)
  local b = buckets[seq]
  if b == nil then
    b = format('%d', floor(tonumber(seq) / ${BUCKET}))
    buckets[seq] = b
  end
  return b
end

local function parse(v)
  local rev, status, fence, owner, core, rank, nb, flag, host, at = match(v, HEAD)
  if rank == '' then rank = '1fffffffffffff' end
  return { rev = rev, status = status, fence = fence, owner = owner, core = core, rank = rank, nb = nb, flag = flag,
    host = host, at = at }
end

local cache, dirty = {}, {}
local function get(seq)
  local v = cache[seq]
  if v == nil then
    v = call('HGET', P .. 'b:' .. bucketOf(seq), seq)
    cache[seq] = v
  end
  return v
end
local function put(seq, value)
  cache[seq] = value
  dirty[seq] = true
end
local function load(seqs)
  local groups = {}
  for _, seq in ipairs(seqs) do
    if cache[seq] == nil then
      local b = bucketOf(seq)
      local g = groups[b]
      if g == nil then g = {} groups[b] = g end
      g[#g + 1] = seq
    end
  end
  for b, g in pairs(groups) do
    local values = call('HMGET', P .. 'b:' .. b, unpack(g))
    for i, seq in ipairs(g) do cache[seq] = values[i] end
  end
end

local bcounts, running, pushed = {}, {}, 0
local runAdd, runRem, heads = {}, {}, {}
local function bump(b, status, d)
  local g = bcounts[b]
  if g == nil then g = {} bcounts[b] = g end
  g[status] = (g[status] or 0) + d
end
local function append(groups, key, value)
  local g = groups[key]
  if g == nil then g = {} groups[key] = g end
  g[#g + 1] = value
end
local function touch(rank, host, more)
  local f = rank .. '\\t' .. host
  if more then heads[f] = true elseif heads[f] == nil then heads[f] = false end
end
local function enter(seq, h)
  bump(bucketOf(seq), h.status, 1)
  if h.status == 'w' then
    if h.nb ~= '' then call('ZADD', P .. 'delayed', h.nb, seq)
    else
      call('ZADD', P .. 'q:' .. h.rank .. ':' .. h.host, seq, seq)
      touch(h.rank, h.host, true)
      pushed = pushed + 1
    end
  elseif h.status == 'r' then
    append(runAdd, h.owner, seq)
    running[h.host] = (running[h.host] or 0) + 1
  end
end
local function leave(seq, h)
  bump(bucketOf(seq), h.status, -1)
  if h.status == 'w' then
    if h.nb ~= '' then call('ZREM', P .. 'delayed', seq)
    else
      call('ZREM', P .. 'q:' .. h.rank .. ':' .. h.host, seq)
      touch(h.rank, h.host, false)
    end
  elseif h.status == 'r' then
    append(runRem, h.owner, seq)
    running[h.host] = (running[h.host] or 0) - 1
  end
end
local function move(seq, h, n)
  if n and h.status == n.status and h.rank == n.rank and h.nb == n.nb and h.host == n.host and h.owner == n.owner then
    if h.status == 'w' and h.nb == '' then touch(h.rank, h.host, true) end
    return
  end
  leave(seq, h)
  if n then enter(seq, n) end
end

local function fixHead(f, more)
  local rank, host = sub(f, 1, 14), sub(f, 16)
  local old = call('HGET', P .. 'head', f)
  local first = call('ZRANGE', P .. 'q:' .. rank .. ':' .. host, 0, 0)[1]
  if old == '@' then
    if first and not more then return end
    call('ZREM', P .. 'aside', f)
    old = false
    if not first then call('HDEL', P .. 'head', f) end
  end
  local new = first and (rank .. '\\t' .. sub(host, 1, 1) .. '\\t' ..
    format('%016.0f', tonumber(first)) .. '\\t' .. host)
  if old == new then return end
  if old then call('ZREM', P .. 'heads', old) end
  if new then
    call('ZADD', P .. 'heads', 0, new)
    call('HSET', P .. 'head', f, new)
  elseif old then call('HDEL', P .. 'head', f) end
end
local function fixHeads()
  for f, more in pairs(heads) do fixHead(f, more) end
  heads = {}
end

local function flush(wake)
  local sets = {}
  for seq in pairs(dirty) do
    local b = bucketOf(seq)
    local v = cache[seq]
    if v then
      local g = sets[b]
      if g == nil then sets[b] = { seq, v }
      else
        local n = #g
        g[n + 1] = seq
        g[n + 2] = v
      end
    else call('HDEL', P .. 'b:' .. b, seq) end
  end
  for b, g in pairs(sets) do call('HSET', P .. 'b:' .. b, unpack(g)) end
  for owner, g in pairs(runRem) do call('SREM', P .. 'run:' .. owner, unpack(g)) end
  for owner, g in pairs(runAdd) do call('SADD', P .. 'run:' .. owner, unpack(g)) end
  local counts = {}
  for b, g in pairs(bcounts) do
    for status, d in pairs(g) do
      if d ~= 0 then
        counts[status] = (counts[status] or 0) + d
        local n = call('HINCRBY', P .. 'b:' .. b, '#' .. status, d)
        if n == d then call('ZADD', P .. 'in:' .. status, b, b)
        elseif n == 0 then
          call('HDEL', P .. 'b:' .. b, '#' .. status)
          call('ZREM', P .. 'in:' .. status, b)
        end
      end
    end
  end
  for status, d in pairs(counts) do
    if d ~= 0 then call('HINCRBY', P .. 'counts', status, d) end
  end
  for host, d in pairs(running) do
    if d ~= 0 and call('HINCRBY', P .. 'hosts', host, d) <= 0 then call('HDEL', P .. 'hosts', host) end
  end
  fixHeads()
  if pushed > 0 and wake ~= '' then call('PUBLISH', P .. 'wake', wake) end
end
`;

/**
 * Writes records, each if it is as the writer has seen it. Arguments: who wakes the others; `1` if the call is made again,
 * since its answer got lost; then for each record its number, what the record must begin with, the record without its `rev`
 * (empty: the task is removed), and what else to do, in JSON. Answers `1` for each that was written, and else the
 * record as it is; empty if there is none.
 */
export const WRITE = `
local wake, again = ARGV[1], ARGV[2] == '1'
local SETTLED = { d = true, f = true }
local RUN = '^(%d+)\\t(%a)\\t[^\\t]*\\t([^\\t]*)\\t[^\\t]*\\t[^\\t]*\\t[^\\t]*\\t[^\\t]*\\t([^\\t]*)\\t'
local results, seqs = {}, {}
for i = 3, #ARGV, 4 do seqs[#seqs + 1] = ARGV[i] end
load(seqs)
for i = 3, #ARGV, 4 do
  local seq, token, rest, extra = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local v = get(seq)
  local result = v or ''
  if v then
    if sub(v, 1, #token) == token then
      local rev, status, owner, host = match(v, RUN)
      local to = sub(rest, 1, 1)
      if status == 'r' and SETTLED[to] then
        -- Nearly every write ends a claim: this is the short way for it.
        local b = bucketOf(seq)
        bump(b, 'r', -1)
        bump(b, to, 1)
        append(runRem, owner, seq)
        running[host] = (running[host] or 0) - 1
        put(seq, whole(rev + 1) .. '\\t' .. rest)
      elseif rest == '' then
        move(seq, parse(v), nil)
        put(seq, false)
      else
        local value = whole(rev + 1) .. '\\t' .. rest
        move(seq, parse(v), parse(value))
        put(seq, value)
      end
      if extra ~= '' then
        for _, op in ipairs(cjson.decode(extra)) do
          if op[1] == 'path' then call('HSET', P .. 'paths', op[2], op[3])
          elseif op[1] == 'unpath' then call('HDEL', P .. 'paths', op[2])
          elseif op[1] == 'unid' then call('HDEL', P .. 'ids', op[2])
          elseif op[1] == 'order' then call('RPUSH', P .. 'orders:' .. op[2], op[3]) end
        end
      end
      result = '1'
    elseif again and v == whole(match(token, '^%d+') + 1) .. '\\t' .. rest then
      result = '1'
    end
  end
  results[#results + 1] = result
end
flush(wake)
return results
`;

/**
 * Gives running tasks other paths. Arguments: for each its number, what its record must begin with, how many
 * paths it would take, the path that it has, the value of a path, then two paths with the records that they lead to.
 * Answers which of the paths it has got, `0` if all are others', or empty if the record is another.
 */
export const RENAME = `
local results = {}
for i = 1, #ARGV, 9 do
  local seq, token, places, own, mark = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4]
  local v = get(seq)
  local result = ''
  if v and sub(v, 1, #token) == token then
    result = '0'
    for place = 1, places do
      local path = ARGV[i + 3 + place * 2]
      local holder = call('HGET', P .. 'paths', path)
      if not holder or match(holder, '^%d+') == seq then
        call('HSET', P .. 'paths', path, seq .. mark, own, seq .. mark)
        put(seq, whole(match(v, '^%d+') + 1) .. '\\t' .. ARGV[i + 4 + place * 2])
        result = tostring(place)
        break
      end
    end
  end
  results[#results + 1] = result
end
flush('')
return results
`;

/** Finds tasks. Arguments: for each an id (after `=`), and the number that stands in it, if any. Answers the records. */
export const FIND = `
local results = {}
for i = 1, #ARGV, 2 do
  local seq = sub(ARGV[i], 1, 1) == '=' and call('HGET', P .. 'ids', sub(ARGV[i], 2))
  if not seq and ARGV[i + 1] ~= '' then seq = ARGV[i + 1] end
  results[#results + 1] = seq and get(seq) or ''
end
return results
`;

/** Reads the records of one state. Arguments: the state, the first hash, how many of them. Answers the next one, then the records. */
export const PAGE = `
local n = tonumber(ARGV[3])
local buckets = call('ZRANGE', P .. 'in:' .. ARGV[1], ARGV[2], '+inf', 'BYSCORE', 'LIMIT', 0, n + 1)
local results = { buckets[n + 1] or '' }
for i = 1, math.min(n, #buckets) do
  local all = call('HGETALL', P .. 'b:' .. buckets[i])
  for j = 1, #all, 2 do
    if sub(all[j], 1, 1) ~= '#' and match(all[j + 1], '^%d+\\t(%a)') == ARGV[1] then
      results[#results + 1] = all[j + 1]
    end
  end
end
return results
`;

/** Owners in one script: the first argument says what, the second the time if it is not the server's, the third who. */
export const OWNERS = `
local verb, owner = ARGV[1], ARGV[3]
local now = serverTime(ARGV[2])
local lease = ${REDIS_LEASE_MS}
if verb == 'register' then
  call('HSET', P .. 'owners', owner, ARGV[4])
  call('ZADD', P .. 'alive', now + lease, owner)
elseif verb == 'renew' then
  if call('HEXISTS', P .. 'owners', owner) == 0 then return { whole(now), '0' } end
  call('ZADD', P .. 'alive', now + lease, owner)
  if ARGV[4] ~= '' then call('HSET', P .. 'vitals', owner, ARGV[4]) end
elseif verb == 'bury' then
  if ARGV[5] ~= '' and (call('ZSCORE', P .. 'alive', owner) or '0') ~= ARGV[5] then return { whole(now), '0' } end
  call('HDEL', P .. 'owners', owner)
  call('HDEL', P .. 'vitals', owner)
  call('ZREM', P .. 'alive', owner)
  call('HSET', P .. 'dead', owner, ARGV[4])
elseif verb == 'running' then
  local results = { whole(now) }
  for _, seq in ipairs(call('SRANDMEMBER', P .. 'run:' .. owner, 200)) do
    local v = get(seq)
    local h = v and parse(v)
    if h and h.status == 'r' and h.owner == owner then results[#results + 1] = v
    else call('SREM', P .. 'run:' .. owner, seq) end
  end
  return results
elseif verb == 'forget' then
  call('HDEL', P .. 'dead', owner)
  call('HDEL', P .. 'claims', owner)
  call('HDEL', P .. 'taken', owner)
  call('DEL', P .. 'orders:' .. owner)
elseif verb == 'orders' then
  local key = P .. 'orders:' .. owner
  if ARGV[5] == '1' then
    local last = call('HGET', P .. 'taken', owner)
    if last and sub(last, 1, #ARGV[4]) == ARGV[4] then return { whole(now), sub(last, #ARGV[4] + 1) } end
  end
  local orders = call('LRANGE', key, 0, -1)
  if #orders == 0 then return { whole(now), '' } end
  call('DEL', key)
  local all = '[' .. table.concat(orders, ',') .. ']'
  call('HSET', P .. 'taken', owner, ARGV[4] .. all)
  return { whole(now), all }
elseif verb == 'list' then
  local infos = call('HGETALL', P .. 'owners')
  local results = { whole(now) }
  for i = 1, #infos, 2 do
    results[#results + 1] = infos[i]
    results[#results + 1] = infos[i + 1]
    results[#results + 1] = call('ZSCORE', P .. 'alive', infos[i]) or '0'
    results[#results + 1] = call('HGET', P .. 'vitals', infos[i]) or ''
  end
  return results
elseif verb == 'dead' then
  local results = call('HGETALL', P .. 'dead')
  table.insert(results, 1, whole(now))
  return results
end
return { whole(now), '1' }
`;

/** How many tasks are in each state. Arguments: the time if it is not the server's, the states. Answers the time, then a number for each. */
export const COUNTS = `${PRELUDE}
local results = { whole(serverTime(ARGV[1])) }
for i = 2, #ARGV do results[i] = call('HGET', P .. 'counts', ARGV[i]) or '0' end
return results
`;

/**
 * Hosts that are left alone. Arguments: the time if it is not the server's; who says it; then a host and for how many
 * milliseconds, or nothing. Answers, without a host, all of them with the milliseconds that are left.
 */
export const COOL = `${PRELUDE}
local now = serverTime(ARGV[1])
call('ZREMRANGEBYSCORE', P .. 'cool', '-inf', now)
if ARGV[3] then
  call('ZADD', P .. 'cool', 'GT', now + tonumber(ARGV[4]), ARGV[3])
  call('PUBLISH', P .. 'cool', cjson.encode({ ARGV[2], ARGV[3], ARGV[4] }))
  return {}
end
local hosts = call('ZRANGE', P .. 'cool', 0, -1, 'WITHSCORES')
for i = 2, #hosts, 2 do hosts[i] = whole(tonumber(hosts[i]) - now) end
return hosts
`;
