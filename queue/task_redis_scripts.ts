/**
 * What runs inside Redis, beside adding and claiming: each is one script on what `task_redis_prelude.ts` says.
 *
 * @module
 */
import { OWNER_LEASE_MS } from "./owner_lease.ts";

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
      result = '1'
      if rev == nil then
        setAside(seq, v)
        result, extra = '', ''
      elseif status == 'r' and SETTLED[to] then
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
    elseif again and v == whole(match(token, '^%d+') + 1) .. '\\t' .. rest then
      result = '1'
    end
  elseif again and rest == '' then
    -- It is gone, by the call whose answer got lost.
    result = '1'
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
      if not holder or holding(holder) == seq then
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

/** Finds tasks. Arguments: for each an id (after `=`), and the number that stands in it, if any. Answers number and record of each. */
export const FIND = `
local results = {}
for i = 1, #ARGV, 2 do
  local seq = sub(ARGV[i], 1, 1) == '=' and call('HGET', P .. 'ids', sub(ARGV[i], 2))
  if not seq and ARGV[i + 1] ~= '' then seq = ARGV[i + 1] end
  results[#results + 1] = seq or ''
  results[#results + 1] = seq and get(seq) or ''
end
return results
`;

/** Reads the records of one state. Arguments: the state, the first hash, how many of them. Answers the next one, then numbers and records. */
export const PAGE = `
local n = tonumber(ARGV[3])
local buckets = call('ZRANGE', P .. 'in:' .. ARGV[1], ARGV[2], '+inf', 'BYSCORE', 'LIMIT', 0, n + 1)
local results = { buckets[n + 1] or '' }
for i = 1, math.min(n, #buckets) do
  local all = call('HGETALL', P .. 'b:' .. buckets[i])
  for j = 1, #all, 2 do
    if sub(all[j], 1, 1) ~= '#' then
      local status = match(all[j + 1], '^%d+\\t(%a)\\t')
      if status == ARGV[1] then
        results[#results + 1] = all[j]
        results[#results + 1] = all[j + 1]
      elseif status == nil then setAside(all[j], all[j + 1]) end
    end
  end
end
flush('')
return results
`;

/** Owners in one script: the first argument says what, the second the time if it is not the server's, the third who. */
export const OWNERS = `
local verb, owner = ARGV[1], ARGV[3]
local now = serverTime(ARGV[2])
local function untilOf(info) return now + (cjson.decode(info).leaseMs or ${OWNER_LEASE_MS}) end
if verb == 'register' then
  call('HSET', P .. 'owners', owner, ARGV[4])
  call('ZADD', P .. 'alive', untilOf(ARGV[4]), owner)
elseif verb == 'renew' then
  local info = call('HGET', P .. 'owners', owner)
  if not info then return { whole(now), '0' } end
  call('ZADD', P .. 'alive', untilOf(info), owner)
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
    if h and h.status == 'r' and h.owner == owner then
      results[#results + 1] = seq
      results[#results + 1] = v
    else
      call('SREM', P .. 'run:' .. owner, seq)
      if v and not h then setAside(seq, v) end
    end
  end
  flush('')
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

/**
 * How many tasks are in each state. Arguments: the time if it is not the server's, the states. Answers the time, the name of the
 * list, the last number given out, then a number for each state.
 */
export const COUNTS = `
local counts = P .. 'counts'
local results = { whole(serverTime(ARGV[1])), call('HGET', counts, '@') or '', call('GET', P .. 'seq') or '0' }
for i = 2, #ARGV do results[i + 2] = call('HGET', counts, ARGV[i]) or '0' end
return results
`;

/**
 * Hosts that are left alone. Arguments: the time if it is not the server's; who says it; then a host and for how many
 * milliseconds, or nothing. Answers, without a host, all of them with the milliseconds that are left.
 */
export const COOL = `
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

/**
 * Counts the open tasks of which the server has nothing but their number: none while there is anything to claim, now or
 * later, or in the hands of an owner. What stands in an index without its record is taken out of it, so that nobody waits for it.
 * Without its counts the server has lost all that were ever added.
 */
export const LOST = `
local function has(key, status, read, take)
  while true do
    local seqs = read(key)
    if #seqs == 0 then return false end
    load(seqs)
    for _, seq in ipairs(seqs) do
      local v = get(seq)
      if v and match(v, '^%d+\\t(%a)') == status then return true end
    end
    call(take, key, unpack(seqs))
  end
end
local function oldest(key) return call('ZRANGE', key, 0, 199) end
local function some(key) return call('SRANDMEMBER', key, 200) end

for _, index in ipairs({ 'owners', 'dead' }) do
  for _, owner in ipairs(call('HKEYS', P .. index)) do
    if has(P .. 'run:' .. owner, 'r', some, 'SREM') then return '0' end
  end
end
-- Nothing runs, so no host has anything to do.
call('DEL', P .. 'hosts')
if has(P .. 'delayed', 'w', oldest, 'ZREM') then return '0' end
for _, index in ipairs({ 'heads', 'aside' }) do
  for _, entry in ipairs(call('ZRANGE', P .. index, 0, -1)) do
    local rank, host = sub(entry, 1, 14), sub(entry, index == 'heads' and 35 or 16)
    if has(P .. 'q:' .. rank .. ':' .. host, 'w', oldest, 'ZREM') then return '0' end
    fixHead(rank .. '\\t' .. host, false)
  end
end
if call('EXISTS', P .. 'counts') == 0 then return call('GET', P .. 'seq') or '0' end
local waiting, running = unpack(call('HMGET', P .. 'counts', 'w', 'r'))
return whole(math.abs(tonumber(waiting or '0') + tonumber(running or '0')))
`;

/**
 * Sets records aside that nobody can read. Arguments: numbers and records, as they were read; or an owner, a fence and texts, of
 * what that claim took, after an empty one.
 */
export const SET_ASIDE = `
if ARGV[1] ~= '' then
  for i = 1, #ARGV, 2 do
    if get(ARGV[i]) == ARGV[i + 1] then setAside(ARGV[i], ARGV[i + 1]) end
  end
else
  local texts = {}
  for i = 4, #ARGV do texts[ARGV[i]] = true end
  for _, seq in ipairs(call('SMEMBERS', P .. 'run:' .. ARGV[2])) do
    local v = get(seq)
    local h = v and parse(v)
    if h and h.fence == ARGV[3] and texts[sub(v, h.at)] then setAside(seq, v) end
  end
end
flush('')
return {}
`;

/**
 * What was set aside. Arguments: `list` and how many; `remove` and their keys; `clear`. Answers how many there are or were, then
 * the keys: the first of all, or those that are removed.
 */
export const BROKEN = `
local key = P .. 'broken'
local results = { whole(call('HLEN', key)) }
if ARGV[1] == 'list' then
  local keys = call('HKEYS', key)
  for i = 1, math.min(#keys, tonumber(ARGV[2])) do results[i + 1] = keys[i] end
elseif ARGV[1] == 'clear' then call('DEL', key)
else
  for i = 2, #ARGV do
    if call('HDEL', key, ARGV[i]) == 1 then results[#results + 1] = ARGV[i] end
  end
end
return results
`;
