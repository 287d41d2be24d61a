-- debian: lua-luaossl
local digest = require "openssl.digest"
local function hex(bytes) return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
assert(hex(digest.new "sha256":final "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
local hmac = require "openssl.hmac"
assert(hex(hmac.new("key", "sha256"):final "The quick brown fox jumps over the lazy dog") ==
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8")
local pkey = require "openssl.pkey"
local key = pkey.new { type = "EC", curve = "prime256v1" }
local signed = digest.new "sha256":update "message"
local signature = key:sign(signed)
assert(key:verify(signature, digest.new "sha256":update "message"))
assert(not key:verify(signature, digest.new "sha256":update "another"))
local name = require "openssl.x509.name".new()
name:add("CN", "neap.example")
local certificate = require "openssl.x509".new()
certificate:setSubject(name)
certificate:setPublicKey(key)
certificate:sign(key)
assert(certificate:tostring():find "BEGIN CERTIFICATE")
local cipher = require "openssl.cipher"
local secret, start = ("k"):rep(32), ("i"):rep(16)
local sealed = cipher.new "aes-256-cbc":encrypt(secret, start):final(("text"):rep(100))
assert(cipher.new "aes-256-cbc":decrypt(secret, start):final(sealed) == ("text"):rep(100))
assert(not pcall(digest.new, "nonsense"))
