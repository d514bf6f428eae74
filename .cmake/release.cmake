# cmake -C .cmake/release.cmake -G Ninja -B build/release: optimized and hardened. (Presets as initial-cache files: a
# CMakePresets.json would have to stand at the top level, which is kept to its few names.)
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
