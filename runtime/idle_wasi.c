/* idle_wasi.c: where there are no threads waits are only waits, and nobody closes the gate. See idle_unix.c. */
#include "include/neap.h"
#include "runtime/gate.h"
#include "runtime/idle.h"

int np_gate_watched;

LUA_API void neap_enter_blocking(lua_State *L) {}
LUA_API void neap_leave_blocking(lua_State *L) {}
LUA_API void neap_idle(lua_State *L, int quiet_ms) {}
void np_idle_start(NpGlobal *global) {}
void np_idle_stop(NpGlobal *global) {}
NP_RARE void np_gate_wait(lua_State *L) {}
