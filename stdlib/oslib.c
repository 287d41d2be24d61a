/*
 * oslib.c - operating system facilities (manual 6.9).
 *
 * Owns: the `os` module; the checking of date fields and of strftime formats, which libc leaves
 * undefined when they are wrong.
 * Does not: know calendars or time zones; mktime and strftime do.
 */
#define LUA_LIB

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"
#include "neap.h"

/* ---- Processes, files, environment ---- */

static int os_execute(lua_State *L) {
    const char *command = luaL_optstring(L, 1, NULL);
    if (command != NULL)
        fflush(NULL); /* what was written so far shows before what the command writes */
    errno = 0;
    neap_enter_blocking(L);
    int status = system(command);
    neap_leave_blocking(L);
    if (command != NULL)
        return luaL_execresult(L, status);
    lua_pushboolean(L, status);
    return 1;
}

static int os_exit(lua_State *L) {
    int status;
    if (lua_isboolean(L, 1))
        status = lua_toboolean(L, 1) ? EXIT_SUCCESS : EXIT_FAILURE;
    else
        status = (int)luaL_optinteger(L, 1, EXIT_SUCCESS);
    if (lua_toboolean(L, 2))
        lua_close(L);
    exit(status);
}

static int os_remove(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    errno = 0;
    return luaL_fileresult(L, remove(name) == 0, name);
}

static int os_rename(lua_State *L) {
    const char *from = luaL_checkstring(L, 1);
    const char *to = luaL_checkstring(L, 2);
    errno = 0;
    return luaL_fileresult(L, rename(from, to) == 0, NULL);
}

static int os_tmpname(lua_State *L) {
    char name[] = "/tmp/lua_XXXXXX";
    int fd = mkstemp(name); /* the file is made, so that nobody else takes the name */
    if (fd == -1)
        return luaL_error(L, "unable to generate a unique filename");
    close(fd);
    lua_pushstring(L, name);
    return 1;
}

static int os_getenv(lua_State *L) {
    lua_pushstring(L, getenv(luaL_checkstring(L, 1))); /* NULL becomes nil */
    return 1;
}

static int os_setlocale(lua_State *L) {
    static const char *const names[] = {"all", "collate", "ctype", "monetary", "numeric", "time",
        NULL};
    static const int categories[] = {LC_ALL, LC_COLLATE, LC_CTYPE, LC_MONETARY, LC_NUMERIC,
        LC_TIME};
    const char *locale = luaL_optstring(L, 1, NULL);
    int category = categories[luaL_checkoption(L, 2, "all", names)];
    lua_pushstring(L, setlocale(category, locale));
    return 1;
}

static int os_clock(lua_State *L) {
    lua_pushnumber(L, (lua_Number)clock() / (lua_Number)CLOCKS_PER_SEC);
    return 1;
}

/* ---- Dates ---- */

/* The fields of a date table that are numbers. `shift` is what the table's value exceeds struct
 * tm's by; `fallback` is the table's value when absent, NEEDED when it must be there. */
#define NEEDED INT_MIN
#define IGNORED INT_MAX /* never read from a table */

static const struct DateField {
    const char *name;
    size_t offset;
    int shift, fallback;
} date_fields[] = {
    {"year", offsetof(struct tm, tm_year), 1900, NEEDED},
    {"month", offsetof(struct tm, tm_mon), 1, NEEDED},
    {"day", offsetof(struct tm, tm_mday), 0, NEEDED},
    {"hour", offsetof(struct tm, tm_hour), 0, 12},
    {"min", offsetof(struct tm, tm_min), 0, 0},
    {"sec", offsetof(struct tm, tm_sec), 0, 0},
    {"yday", offsetof(struct tm, tm_yday), 1, IGNORED},
    {"wday", offsetof(struct tm, tm_wday), 1, IGNORED},
};
#define DATE_FIELDS (sizeof date_fields / sizeof date_fields[0])

static int *slot_of(struct tm *date, const struct DateField *field) {
    return (int *)(void *)((char *)date + field->offset);
}

/* Sets the fields of the table on top. */
static void set_fields(lua_State *L, struct tm *date) {
    for (size_t i = 0; i < DATE_FIELDS; i++) {
        lua_Integer value = *slot_of(date, &date_fields[i]);
        lua_pushinteger(L, value + date_fields[i].shift);
        lua_setfield(L, -2, date_fields[i].name);
    }
    if (date->tm_isdst >= 0) { /* negative: the system does not know */
        lua_pushboolean(L, date->tm_isdst);
        lua_setfield(L, -2, "isdst");
    }
}

/* The value of one field of the table at index 1, as struct tm counts it. */
static int get_field(lua_State *L, const struct DateField *field) {
    int exact, type = lua_getfield(L, 1, field->name);
    lua_Integer value = lua_tointegerx(L, -1, &exact);
    lua_pop(L, 1);
    if (!exact) {
        if (type != LUA_TNIL)
            return luaL_error(L, "field '%s' is not an integer", field->name);
        if (field->fallback == NEEDED)
            return luaL_error(L, "field '%s' missing in date table", field->name);
        return field->fallback;
    }
    if (value < (lua_Integer)INT_MIN + field->shift || value > (lua_Integer)INT_MAX + field->shift)
        return luaL_error(L, "field '%s' is out-of-bound", field->name);
    return (int)(value - field->shift);
}

static int os_time(lua_State *L) {
    time_t moment;
    if (lua_isnoneornil(L, 1)) {
        moment = time(NULL);
    } else {
        struct tm date = {0};
        luaL_checktype(L, 1, LUA_TTABLE);
        lua_settop(L, 1);
        for (size_t i = 0; i < DATE_FIELDS; i++)
            if (date_fields[i].fallback != IGNORED)
                *slot_of(&date, &date_fields[i]) = get_field(L, &date_fields[i]);
        date.tm_isdst = lua_getfield(L, 1, "isdst") == LUA_TNIL ? -1 : lua_toboolean(L, -1);
        lua_pop(L, 1);
        moment = mktime(&date);
        set_fields(L, &date); /* normalised */
    }
    if (moment == (time_t)-1 || moment != (time_t)(lua_Integer)moment)
        return luaL_error(L, "time result cannot be represented in this installation");
    lua_pushinteger(L, (lua_Integer)moment);
    return 1;
}

static time_t check_time(lua_State *L, int arg) {
    lua_Integer value = luaL_checkinteger(L, arg);
    time_t moment = (time_t)value;
    luaL_argcheck(L, (lua_Integer)moment == value, arg, "time out-of-bounds");
    return moment;
}

static int os_difftime(lua_State *L) {
    time_t later = check_time(L, 1);
    lua_pushnumber(L, (lua_Number)difftime(later, check_time(L, 2)));
    return 1;
}

/* Length of the conversion that starts after a '%' (C99 and POSIX); 0 when there is none such. */
static int conversion_length(const char *text, const char *end) {
    static const char plain[] = "aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%";
    static const char after_e[] = "cCxXyY", after_o[] = "deHImMSuUVwWy";
    if (text >= end || *text == '\0')
        return 0;
    if (strchr(plain, *text) != NULL)
        return 1;
    const char *second = *text == 'E' ? after_e : *text == 'O' ? after_o : "";
    return text + 1 < end && text[1] != '\0' && strchr(second, text[1]) != NULL ? 2 : 0;
}

/* Pushes the date by a format. Text between conversions is copied, so that it may hold zeros. */
static void push_formatted(lua_State *L, const char *format, const char *end,
                           const struct tm *date) {
    enum { LONGEST = 250 }; /* bytes of one converted item, in any locale */
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    while (format < end) {
        const char *percent = memchr(format, '%', (size_t)(end - format));
        if (percent == NULL)
            percent = end;
        luaL_addlstring(&out, format, (size_t)(percent - format));
        if (percent == end)
            break;
        format = percent + 1;
        int length = conversion_length(format, end);
        if (length == 0)
            luaL_argerror(L, 1,
                          lua_pushfstring(L, "invalid conversion specifier '%%%s'", format));
        char item[4] = {'%', format[0], length == 2 ? format[1] : '\0', '\0'};
        size_t put = strftime(luaL_prepbuffsize(&out, LONGEST), LONGEST, item, date);
        luaL_addsize(&out, put);
        format += length;
    }
    luaL_pushresult(&out);
}

static int os_date(lua_State *L) {
    size_t len;
    const char *format = luaL_optlstring(L, 1, "%c", &len), *end = format + len;
    time_t moment = lua_isnoneornil(L, 2) ? time(NULL) : check_time(L, 2);
    struct tm date;
    bool utc = *format == '!';
    format += utc;
    if ((utc ? gmtime_r(&moment, &date) : localtime_r(&moment, &date)) == NULL)
        return luaL_error(L, "date result cannot be represented in this installation");
    if (strcmp(format, "*t") == 0) {
        lua_createtable(L, 0, DATE_FIELDS + 1);
        set_fields(L, &date);
    } else {
        push_formatted(L, format, end, &date);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"clock", os_clock},
    {"date", os_date},
    {"difftime", os_difftime},
    {"execute", os_execute},
    {"exit", os_exit},
    {"getenv", os_getenv},
    {"remove", os_remove},
    {"rename", os_rename},
    {"setlocale", os_setlocale},
    {"time", os_time},
    {"tmpname", os_tmpname},
    {NULL, NULL},
};

LUAMOD_API int luaopen_os(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
