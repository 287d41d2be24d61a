-- debian: lua-sql-sqlite3
-- A real database in a file: tables, rows, a transaction that is taken back.
local environment = assert(require "luasql.sqlite3".sqlite3())
local path = os.getenv "TMPDIR" .. "/test.db"
local db = assert(environment:connect(path))
assert(db:execute "create table tides (station text, height real, hour integer)")
db:setautocommit(false)
for hour = 0, 99 do
    assert(db:execute(("insert into tides values ('%s', %.2f, %d)"):format(hour % 2 == 0 and "north" or "south", hour / 10, hour)))
end
assert(db:commit())
assert(db:execute "delete from tides")
assert(db:rollback())
db:setautocommit(true)
local cursor = assert(db:execute "select station, count(*) as n, max(height) as top from tides group by station order by station")
assert(table.concat(cursor:getcolnames(), ",") == "station,n,top")
local row = cursor:fetch({}, "a")
assert(row.station == "north" and row.n == 50 and row.top == 9.8)
row = cursor:fetch(row, "a")
assert(row.station == "south" and row.n == 50 and row.top == 9.9)
assert(cursor:fetch(row, "a") == nil)
local none, message = db:execute "select nonsense"
assert(none == nil and message:find "no such column")
cursor = db:execute "select hour from tides order by hour"
local sum = 0
local hour = cursor:fetch()
while hour do
    sum = sum + hour
    hour = cursor:fetch()
end
assert(sum == 4950)
assert(db:close() and environment:close())
