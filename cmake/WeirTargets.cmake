# How this project declares its targets: a library a folder, a test program a folder.
include_guard(GLOBAL)

option(WEIR_PCH "Precompile what every file of a folder includes" ON)
# Of every folder: the standard's headers that nearly all include, and fmt.
set(WEIR_COMMON_HEADERS <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <string> <string_view>
                        <utility> <vector> <fmt/format.h>)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached only by leave.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
endif()

add_library(weir_options INTERFACE)
target_include_directories(weir_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(weir_options INTERFACE -Wall -Wextra -Wpedantic)
if(WEIR_WERROR)
  target_compile_options(weir_options INTERFACE -Werror)
endif()
if(WEIR_SANITIZE)
  target_compile_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE})
endif()

# weir_precompile(TARGET headers...): these and the common ones, once for all files of the target.
function(weir_precompile target)
  if(WEIR_PCH)
    target_precompile_headers(${target} PRIVATE ${WEIR_COMMON_HEADERS} ${ARGN})
    # GCC 12 forgets there what is a system header: its false alarms about the standard library come through.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-stringop-overflow
                           -Wno-stringop-overread -Wno-maybe-uninitialized -Wno-restrict>)
  endif()
endfunction()

# weir_sources(VARIABLE PATTERN FOLDERS...): the files of the current folder, and of those in it, that fit a pattern.
function(weir_sources variable pattern)
  list(TRANSFORM ARGN PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  list(TRANSFORM ARGN APPEND "/${pattern}")
  file(GLOB found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${pattern}" ${ARGN})
  set(${variable} "${found}" PARENT_SCOPE)
endfunction()

# weir_library(NAME [ONLY files...] [WITHOUT files...] [FOLDERS folders...] [LINK targets...] [PRECOMPILE headers...]):
# the static library of the current folder, and of those in it that are named: all their .cpp files, or those alone, or
# all but those.
function(weir_library name)
  cmake_parse_arguments(ARG "" "" "ONLY;WITHOUT;FOLDERS;LINK;PRECOMPILE" ${ARGN})
  if(ARG_ONLY)
    set(sources ${ARG_ONLY})
  else()
    weir_sources(sources "*.[ch]pp" ${ARG_FOLDERS})
    foreach(file IN LISTS ARG_WITHOUT)
      list(REMOVE_ITEM sources "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    endforeach()
  endif()
  if(NOT sources)
    add_library(weir_${name} INTERFACE)
    return()
  endif()
  add_library(weir_${name} STATIC ${sources})
  set_target_properties(weir_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(weir_${name} PUBLIC weir_options ${ARG_LINK})
  weir_precompile(weir_${name} ${ARG_PRECOMPILE})
endfunction()

# weir_tests(NAME [WITHOUT files...] [FOLDERS folders...] [LINK targets...] [PRECOMPILE headers...]): the test program of
# the current folder, and of those in it that are named. Each *_test.cpp holds one BOOST_AUTO_TEST_SUITE named like the file, and
# becomes one CTest test: "<name>/<file without .cpp>".
function(weir_tests name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "WITHOUT;FOLDERS;LINK;PRECOMPILE" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(WEIR_SANITIZE)
    math(EXPR ARG_TIMEOUT "5 * ${ARG_TIMEOUT}")
  endif()
  weir_sources(sources "*.cpp" ${ARG_FOLDERS})
  if(ARG_WITHOUT)
    list(REMOVE_ITEM sources ${ARG_WITHOUT})
  endif()
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_tests ${sources} $<TARGET_OBJECTS:weir_test_main>)
  target_link_libraries(${name}_tests PRIVATE weir_options weir_test_support ${ARG_LINK})
  # What a test itself does takes no time worth compiling longer for.
  target_compile_options(${name}_tests PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  weir_precompile(${name}_tests <boost/test/unit_test.hpp> ${ARG_PRECOMPILE})
  weir_sources(suites "*_test.cpp" ${ARG_FOLDERS})
  foreach(file IN LISTS suites)
    get_filename_component(suite "${file}" NAME_WE)
    add_test(NAME ${name}/${suite} COMMAND ${name}_tests --run_test=${suite} --log_level=test_suite)
    set_tests_properties(${name}/${suite} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  endforeach()
endfunction()
