# gems_library(NAME SOURCES... [PUBLIC targets] [PRIVATE targets]): a static library of one layer, which exports only its
# own include folder, so that an include the layering forbids does not compile. Alias: gems::NAME.
function(gems_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(gems_${name} STATIC ${arg_SOURCES})
  add_library(gems::${name} ALIAS gems_${name})
  target_include_directories(gems_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/lib)
  target_link_libraries(gems_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
endfunction()

# gems_test(NAME SOURCES... LINK targets): a Catch2 executable, registered with CTest under its own name.
function(gems_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} Catch2::Catch2WithMain)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
