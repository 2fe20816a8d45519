/**
 * Where Redis takes drafts in, one after the other, as if each came alone.
 *
 * Arguments: `1` if nothing may be stored; who wakes the others; then for each draft its first path; `0` if it has no other
 * one, `1` and that path, or `?` if nobody has asked for it yet; its url and both paths as they stand in a text; its mark; its
 * id after `=`, or empty; the number in an id that looks like an assigned one; rank, time and host of its record; and the
 * end of its text.
 *
 * Answers, for as many drafts as it got through: `a` and the number; `d` (known) or `c` (known, and to be changed) and
 * the number and the record; `i` (its id is another's); `o` and number and record of what has its path; `?` if it must know the
 * other path. It stops behind the first `?`, and before a draft that means a task which is about to be changed.
 *
 * @module
 */

/** Arguments of one draft. */
export const ADD_FIELDS = 13;

/** Adds drafts, or says what would become of them. */
export const ADD = `
local dry, wake = ARGV[1] == '1', ARGV[2]
local results, changing = {}, {}
local last = tonumber(call('GET', P .. 'seq') or '0')
local before = last

local function holderOf(path)
  local held = call('HGET', P .. 'paths', path)
  if not held then return nil end
  local seq, mark = holding(held)
  local v = get(seq)
  if v and not parse(v) and not dry then
    setAside(seq, v)
    v = nil
  end
  return seq, mark, v
end
local function isFor(v, seq, url)
  local h = parse(v)
  if not h then return false end
  local at = h.at + #seq + 2
  return sub(v, at, at + #url - 1) == url
end
local function answer(...) results[#results + 1] = { ... } end

for i = 3, #ARGV, ${ADD_FIELDS} do
  local path, kind, second, url = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local mark, id, wish = ARGV[i + 6], ARGV[i + 7], ARGV[i + 8]
  local place, text, mine = path, ARGV[i + 4], true
  local seq, held, v = holderOf(path)
  local first, firstSeq = v, seq
  if v and not isFor(v, seq, url) then
    mine = false
    if kind == '?' then
      answer('?')
      if not dry then break end
      kind = ''
    elseif kind == '1' then
      place, text = second, ARGV[i + 5]
      seq, held, v = holderOf(place)
      mine = not v or isFor(v, seq, url)
    end
  end
  if kind == '' then
    -- It was asked for its other path.
  elseif v and mine then
    if changing[seq] then break end
    if held == mark then answer('d', seq, v)
    else
      answer('c', seq, v, place)
      changing[seq] = not dry
    end
  else
    local taken = id ~= '' and call('HGET', P .. 'ids', sub(id, 2))
    local number = nil
    if id ~= '' and not taken and wish ~= '' then
      if tonumber(wish) > last then number = wish
      else
        local other = get(wish)
        local h = other and parse(other)
        taken = h and h.flag == ''
      end
    end
    if taken then answer('i')
    elseif not mine then answer('o', firstSeq, first)
    elseif dry then answer('a', '0', place)
    else
      if number then last = tonumber(number)
      else
        last = last + 1
        number = whole(last)
      end
      local flag = (id == '' or id == '=t' .. number) and '' or '1'
      local rank, nb, host = ARGV[i + 9], ARGV[i + 10], ARGV[i + 11]
      local value = '0\\tw\\t\\t\\t\\t' .. rank .. '\\t' .. nb .. '\\t' .. flag .. '\\t' .. host .. '\\t[' .. number .. ',' ..
        url .. ',' .. text .. ARGV[i + 12]
      enter(number, parse(value))
      put(number, value)
      call('HSET', P .. 'paths', place, number .. mark)
      if flag ~= '' then call('HSET', P .. 'ids', sub(id, 2), number) end
      answer('a', number, place)
    end
  end
end
if last > before then call('SET', P .. 'seq', whole(last)) end
-- A list gets its name with its first task: whoever finds it without that name knows that it is another one.
if last > before and before == 0 then call('HSETNX', P .. 'counts', '@', wake .. ' ' .. serverTime('')) end
flush(wake)
return results
`;
