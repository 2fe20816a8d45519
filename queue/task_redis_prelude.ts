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
 * | `counts` | a hash: how many tasks are in each state, and under `@` the name of the list |
 * | `broken` | a hash: records that cannot be read, by `b:N:` and their number |
 * | `seq`, `fence` | the last number given out |
 *
 * A record is `rev ⇥ state ⇥ fence ⇥ owner ⇥ core ⇥ rank ⇥ notBefore ⇥ id ⇥ host ⇥ text`. A claim makes a new fence, every
 * other write raises `rev`: whoever shows how a record begins has seen it as it is.
 *
 * @module
 */
import { type RedisScript, redisScript } from "./redis_link.ts";

/** Numbers that share one hash. */
export const BUCKET = 128;

/** The beginning of every script. */
const PRELUDE = `
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
    b = format('%d', floor((tonumber(seq) or 0) / ${BUCKET}))
    buckets[seq] = b
  end
  return b
end

local function parse(v)
  local rev, status, fence, owner, core, rank, nb, flag, host, at = match(v, HEAD)
  if at == nil then return nil end
  if rank == '' then rank = '1fffffffffffff' end
  return { rev = rev, status = status, fence = fence, owner = owner, core = core, rank = rank, nb = nb, flag = flag,
    host = host, at = at }
end

-- What stands at a path: a number, then a mark behind a ~. Older lists have no ~ there, and marks of ten characters.
local function holding(held)
  local at = string.find(held, '~', 1, true)
  if at then return sub(held, 1, at - 1), sub(held, at) end
  if #held > 10 then return sub(held, 1, -11), '~' .. sub(held, -10) end
  return held, ''
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

-- What cannot be read is kept under its key, and is in nobody's way. Without a beginning nobody knows in which index it
-- is: then its hash is counted anew.
local recounted = {}
local function setAside(seq, v)
  local b, h = bucketOf(seq), parse(v)
  if h then move(seq, h, nil)
  elseif not recounted[b] then
    recounted[b] = true
    local all = call('HGETALL', P .. 'b:' .. b)
    for i = 1, #all, 2 do
      local other = sub(all[i], 1, 1) ~= '#' and parse(all[i + 1])
      if other then bump(b, other.status, 1)
      elseif sub(all[i], 1, 1) == '#' then bump(b, sub(all[i], 2), -tonumber(all[i + 1])) end
    end
  end
  if not h then
    call('ZREM', P .. 'delayed', seq)
    for _, index in ipairs({ 'owners', 'dead' }) do
      for _, owner in ipairs(call('HKEYS', P .. index)) do call('SREM', P .. 'run:' .. owner, seq) end
    end
  end
  put(seq, false)
  call('HSET', P .. 'broken', 'b:' .. b .. ':' .. seq, v)
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

/** Makes a script of the list. */
export function listScript(body: string): RedisScript {
  return redisScript(PRELUDE + body);
}
