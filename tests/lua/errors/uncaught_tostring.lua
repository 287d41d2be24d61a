-- An error value with __tostring: its text is the message, without a traceback.
error(setmetatable({}, {__tostring = function() return "my own text" end}))
-- expect error: my own text
