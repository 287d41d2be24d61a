-- debian: lua-zlib
local zlib = require "zlib"
local text = ("to be compressed, again and again; "):rep(2000)
local packed, eof, bytes_in, bytes_out = zlib.deflate()(text, "finish")
assert(eof and bytes_in == #text and bytes_out == #packed and #packed < #text / 50)
assert(zlib.inflate()(packed) == text)
local stream, pieces = zlib.inflate(), {}
for i = 1, #packed, 7 do pieces[#pieces + 1] = stream(packed:sub(i, i + 6)) end
assert(table.concat(pieces) == text)
assert(not pcall(zlib.inflate(), "not compressed"))
assert(zlib.crc32()("123456789") == 0xcbf43926)
