# cmake -C .cmake/debug.cmake -G Ninja -B build/debug: address and undefined behavior sanitizers, warnings are errors,
# kill points.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(TICKLER_SANITIZE ON CACHE BOOL "")
set(TICKLER_KILL_POINTS ON CACHE BOOL "")
set(TICKLER_WERROR ON CACHE BOOL "")
