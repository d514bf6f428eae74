/* attr.h: our names for the compiler attributes that we use, so that another compiler is one edit away. */
#pragma once

#define MUST_CHECK               __attribute__((__warn_unused_result__))
#define PRINTF_LIKE(text, first) __attribute__((__format__(__printf__, text, first)))
#define UNUSED                   __attribute__((unused))
#define ARRAY_LEN(array)         (sizeof(array) / sizeof((array)[0]))
