# gems_add_operators(NAME SOURCES file...): builds NAME.so, a module of operators for gems.load() and gems-codegen --module.
# One of the sources has GEMS_OPERATORS(...). NAME is an ordinary target: target_include_directories and the like work on
# it. Part of the package gems; see docs/modules.md.
include_guard(GLOBAL)

set(GEMS_OPERATORS_MAP ${CMAKE_CURRENT_LIST_DIR}/operators.map CACHE INTERNAL "what a module of operators exports")

function(gems_add_operators name)
  set(usage "write gems_add_operators(${name} SOURCES file.cpp ...)")
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    list(GET arg_UNPARSED_ARGUMENTS 0 unknown)
    message(FATAL_ERROR "gems_add_operators(${name}): '${unknown}' is no argument of it; ${usage}")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "gems_add_operators(${name}): no SOURCES given; ${usage}")
  endif()
  foreach(source ${arg_SOURCES})
    get_filename_component(path ${source} ABSOLUTE)
    get_source_file_property(generated ${source} GENERATED)
    if(NOT EXISTS ${path} AND NOT generated)
      message(FATAL_ERROR "gems_add_operators(${name}): there is no file '${source}' in ${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
  endforeach()
  set(compiler "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 11) OR
     (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14))
    message(FATAL_ERROR "gems_add_operators(${name}): ${compiler} is too old: gems needs g++ 11 or clang++ 14, or a newer "
                        "one; name it with -DCMAKE_CXX_COMPILER=... in a new build folder")
  endif()

  add_library(${name} MODULE ${arg_SOURCES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE gems::dsl)
  target_link_options(${name} PRIVATE -Wl,--version-script=${GEMS_OPERATORS_MAP} -Wl,--no-undefined)
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX .so LINK_DEPENDS ${GEMS_OPERATORS_MAP}
    CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
