/**
 * Where Redis hands tasks out. Ready tasks stand by host and priority; `heads` has the oldest of each, in the order of the
 * claims: priority, shard, number. A claim goes through the heads of the highest priority, from the worker's own shard on
 * and round to it again, and takes an equal share from each host. Hosts that may not be asked leave `heads`, whole, until
 * their time. What the claimant has not said of a host it is asked for: the claim then goes no further than that host.
 *
 * Arguments: owner, core, limit, shard, the time if it is not the server's, a word for this call, `1` if it is made again,
 * `any` or `known`, how many tasks of one host may run in all (empty: any number); then for each host its name, how many
 * may be taken, and until when it is set aside.
 *
 * @module
 */

/** How many heads one call looks at, at the most. */
const VISITS = 2000;
/** Heads that are read at once. */
const HEADS = 200;
/** Hosts that a claim asks its claimant for, at the most. */
const ASKS = 256;

/** Claims. Answers the time, a fence, the texts of the tasks, the hosts that it must know, and whether there may be more. */
export const CLAIM = `
local owner, core, limit, shard = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local now = serverTime(ARGV[5])
if call('HEXISTS', P .. 'owners', owner) == 0 then return { whole(now), '', {}, {}, '0' } end
local nonce = ARGV[6] .. ' '
local last = call('HGET', P .. 'claims', owner)
if ARGV[7] == '1' and last and sub(last, 1, #nonce) == nonce then
  local fence, texts = sub(last, #nonce + 1), {}
  local seqs = call('SMEMBERS', P .. 'run:' .. owner)
  for _, seq in ipairs(seqs) do
    local v = get(seq)
    local h = v and parse(v)
    if h and h.fence == fence and h.status == 'r' then texts[#texts + 1] = sub(v, h.at) end
  end
  return { whole(now), fence, texts, {}, '1' }
end

local due = call('ZRANGE', P .. 'delayed', '-inf', now, 'BYSCORE', 'LIMIT', 0, math.max(500, limit))
load(due)
for _, seq in ipairs(due) do
  local v = get(seq)
  local h = v and parse(v)
  if h and h.status == 'w' and h.nb ~= '' then
    local rev = whole(tonumber(h.rev) + 1)
    local rank = h.rank == '1fffffffffffff' and '' or h.rank
    local value = table.concat({ rev, 'w', h.fence, '', h.core, rank, '', h.flag, h.host, sub(v, h.at) }, '\\t')
    move(seq, h, parse(value))
    put(seq, value)
  else
    call('ZREM', P .. 'delayed', seq)
    if v and not h then setAside(seq, v) end
  end
end

local any, cap = ARGV[8] == 'any', tonumber(ARGV[9])
local given, untils, rooms = {}, {}, {}
for i = 10, #ARGV, 3 do
  given[ARGV[i]] = tonumber(ARGV[i + 1])
  untils[ARGV[i]] = tonumber(ARGV[i + 2])
end
local asks, asked = {}, {}
local function roomOf(host)
  if host == '0' then return math.huge end
  local room = rooms[host]
  if room ~= nil then return room end
  room = given[host] or any and math.huge or nil
  if room == nil then
    if not asked[host] and #asks < ${ASKS} then
      asked[host] = true
      asks[#asks + 1] = host
    end
    return nil
  end
  if cap then room = math.min(room, cap - tonumber(call('HGET', P .. 'hosts', host) or '0')) end
  rooms[host] = room
  return room
end

local back = call('ZRANGE', P .. 'aside', '-inf', now, 'BYSCORE', 'LIMIT', 0, any and not cap and 1000 or 128)
for _, f in ipairs(back) do
  local host = sub(f, 16)
  local room = roomOf(host)
  if room and room > 0 then fixHead(f, true)
  elseif room then
    local till = untils[host] or 0
    call('ZADD', P .. 'aside', till > 0 and till or now, f)
  end
end
fixHeads()

local picked, visited, stop = {}, 0, false
while #picked < limit and visited < ${VISITS} and not stop do
  local top = call('ZRANGE', P .. 'heads', 0, 0)[1]
  if not top then break end
  local rank = sub(top, 1, 14)
  local from, base = rank .. '\\t' .. shard, rank .. '\\t'
  local found = call('ZRANGE', P .. 'heads', '[' .. from, '(' .. rank .. '\\n', 'BYLEX', 'LIMIT', 0, ${HEADS})
  if #found == 0 or #found < ${HEADS} then
    local more = call('ZRANGE', P .. 'heads', '[' .. base, '(' .. from, 'BYLEX', 'LIMIT', 0, ${HEADS} - #found)
    for _, head in ipairs(more) do found[#found + 1] = head end
  end
  local hosts, moved = {}, false
  for _, head in ipairs(found) do
    visited = visited + 1
    local host = sub(head, 35)
    local room = roomOf(host)
    if room == nil then stop = true
    elseif stop then
      -- What stands behind a host that must be asked for is asked for with it, and left alone.
    elseif room <= 0 then
      local f = rank .. '\\t' .. host
      local till = untils[host] or 0
      call('ZREM', P .. 'heads', head)
      call('HSET', P .. 'head', f, '@')
      call('ZADD', P .. 'aside', till > 0 and till or now, f)
      moved = true
    else
      hosts[#hosts + 1] = host
      if #hosts >= limit - #picked and any then break end
    end
  end
  local share = math.ceil((limit - #picked) / math.max(1, #hosts))
  for _, host in ipairs(hosts) do
    local n = math.min(share, limit - #picked, roomOf(host))
    if n > 0 then
      local popped = call('ZPOPMIN', P .. 'q:' .. rank .. ':' .. host, n)
      for i = 1, #popped, 2 do picked[#picked + 1] = popped[i] end
      if host ~= '0' then rooms[host] = rooms[host] - #popped / 2 end
      fixHead(rank .. '\\t' .. host, false)
      moved = true
    end
  end
  if not moved then break end
end

local texts, fence = {}, ''
if #picked > 0 then
  fence = format('%015.0f', call('INCR', P .. 'fence'))
  load(picked)
  local begin = '0\\tr\\t' .. fence .. '\\t' .. owner .. '\\t' .. core .. '\\t'
  local WAITING = '^%d+\\t%a\\t[^\\t]*\\t[^\\t]*\\t[^\\t]*\\t([^\\t]*)\\t[^\\t]*\\t([^\\t]*)\\t([^\\t]*)\\t()'
  for _, seq in ipairs(picked) do
    local v = get(seq)
    local rank, flag, host, at
    if v then rank, flag, host, at = match(v, WAITING) end
    if v and not at then setAside(seq, v)
    elseif v then
      local text = sub(v, at)
      local b = bucketOf(seq)
      put(seq, begin .. rank .. '\\t\\t' .. flag .. '\\t' .. host .. '\\t' .. text)
      bump(b, 'w', -1)
      bump(b, 'r', 1)
      append(runAdd, owner, seq)
      running[host] = (running[host] or 0) + 1
      texts[#texts + 1] = text
    end
  end
  call('HSET', P .. 'claims', owner, nonce .. fence)
end
flush('')
return { whole(now), fence, texts, asks, (visited >= ${VISITS} or #asks > 0) and '1' or '0' }
`;
