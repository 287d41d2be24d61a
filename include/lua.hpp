// lua.hpp - the three headers for C++ hosts, with C linkage.
#ifndef lua_hpp
#define lua_hpp

extern "C" {
#include "lua.h"
#include "lualib.h"
#include "lauxlib.h"
}

#endif
