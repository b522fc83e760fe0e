# cmake -DTESTS=integration_tests -DSUITES="a;b" -P check_suites.cmake: every suite in the executable must have its entry.
execute_process(COMMAND ${TESTS} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "(^|\n)[^ \n]+\\." lines "${listed}")
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^\n?(.*/)?([^/]*)\\.$" "\\2" suite "${line}")
  if(NOT suite IN_LIST SUITES)
    message(SEND_ERROR "Suite ${suite} is not run: it must stand in ${suite}_pgtest.cpp")
  endif()
endforeach()
