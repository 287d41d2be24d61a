-- An error value that is a table without __tostring.
error {}
-- expect error: (error object is a table value)
