# Writes the roster of rooms (rooms.h): one row for each workers/<room>/sql/due.sql. OUT and FILES come from CMake.
function(quoted file out)
    set(text "")
    if(EXISTS ${file})
        file(READ ${file} text HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${text}")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
endfunction()

set(questions "")
set(rows "")
foreach(file IN LISTS FILES)
    get_filename_component(sql ${file} DIRECTORY)
    get_filename_component(folder ${sql} DIRECTORY)
    get_filename_component(room ${folder} NAME)
    string(REPLACE "_" "-" program "ticklerd-${room}")
    quoted(${sql}/due.sql due)
    quoted(${sql}/freshness.sql freshness)
    quoted(${sql}/withdraw.sql withdraw)
    quoted(${sql}/why.sql why)
    string(APPEND questions "static const struct sql ${room}_due = {\"${room}.due\", \"${due}\"};\n"
        "static const struct sql ${room}_freshness = {\"${room}.freshness\", \"${freshness}\"};\n"
        "static const struct sql ${room}_withdraw = {\"${room}.withdraw\", \"${withdraw}\"};\n"
        "static const struct sql ${room}_why = {\"${room}.why\", \"${why}\"};\n")
    string(APPEND rows "    {\"${room}\", \"${program}\", &${room}_due, &${room}_freshness, &${room}_withdraw, &${room}_why},\n")
endforeach()
file(WRITE ${OUT} "#include \"rooms.h\"\n\n${questions}\nconst struct room_row rooms[] = {\n${rows}};\n"
    "const gsize rooms_count = sizeof(rooms) / sizeof(rooms[0]);\n")
