# cmake -C .cmake/fuzz.cmake -G Ninja -B build/fuzz: the fuzzers, by clang, with the same sanitizers as the debug preset.
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_C_FLAGS "-g -O1" CACHE STRING "")
set(CMAKE_CXX_FLAGS "-g -O1" CACHE STRING "")
set(TICKLER_SANITIZE ON CACHE BOOL "")
set(TICKLER_FUZZ ON CACHE BOOL "")
set(TICKLER_TESTS OFF CACHE BOOL "")
