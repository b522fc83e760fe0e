# What every target of the project shares: the language, the warnings, the sanitizers, and how a room is declared.

option(HIGHWATER_TESTS "Build the tests" ON)
option(HIGHWATER_BENCH "Build the workload driver and the benchmarks" ON)
option(HIGHWATER_FUZZ "Build the targets of libFuzzer, with clang" OFF)
option(HIGHWATER_PCH "Use precompiled headers" ON)
set(HIGHWATER_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize= takes them")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(HIGHWATER_CCACHE ccache)
if(HIGHWATER_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HIGHWATER_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Werror -fno-omit-frame-pointer)
# g++ 12 warns of paths inside the standard library and Boost that cannot be taken (GCC bugs 105329, 105562, 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
endif()
if(HIGHWATER_PCH)
  add_compile_options(-fpch-preprocess)
endif()
if(HIGHWATER_SANITIZE)
  add_compile_options(-fsanitize=${HIGHWATER_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HIGHWATER_SANITIZE})
  if(HIGHWATER_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-tsan)  # Asio's fences; what they order is ordered by its mutexes too
  endif()
endif()
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_USE_STD_STRING_VIEW
                        SPDLOG_FMT_EXTERNAL)

# Every target finds headers from the top: #include "routing/decide.hpp" says which room it comes from.
include_directories(${PROJECT_SOURCE_DIR})

# highwater_room(name [LINKS ...] [PCH ...]): a static library of all sources in the current folder.
function(highwater_room name)
  cmake_parse_arguments(room "" "" "LINKS;PCH" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${room_LINKS})
  if(HIGHWATER_PCH AND room_PCH)
    target_precompile_headers(${name} PRIVATE ${room_PCH})
  endif()
endfunction()
