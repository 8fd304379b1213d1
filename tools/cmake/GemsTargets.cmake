# gems_library(NAME SOURCES... [PUBLIC targets] [PRIVATE targets]): a static library of one layer, which exports only its
# own include folder, so that an include the layering forbids does not compile. Alias: gems::NAME. Its functions are
# visible: the export map of the shared library that it becomes part of says which of them others may call.
function(gems_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(gems_${name} STATIC ${arg_SOURCES})
  add_library(gems::${name} ALIAS gems_${name})
  target_include_directories(gems_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/lib)
  target_link_libraries(gems_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  gems_visible(gems_${name})
endfunction()

# gems_visible(TARGET): its functions may be exported; inline ones and all of MLIR and LLVM stay hidden.
function(gems_visible target)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET default)
endfunction()

# gems_finds_its_library(TARGET): a tool in bin or an adapter in lib finds libgems.so in the lib beside: in the build folder,
# in a bundle and where it is installed.
function(gems_finds_its_library target)
  set_target_properties(${target} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/../lib")
endfunction()

# gems_precompiled(TARGET HEADER): with a timestamp inside, ccache could never use a precompiled header again.
function(gems_precompiled target header)
  target_precompile_headers(${target} PRIVATE ${header})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# gems_install(TARGET...): part of an installation (library/CMakeLists.txt): cmake --install build, or the wheel.
add_custom_target(gems_installation)
function(gems_install)
  install(TARGETS ${ARGN} COMPONENT gems
    RUNTIME DESTINATION bin LIBRARY DESTINATION lib ARCHIVE DESTINATION lib)
  add_dependencies(gems_installation ${ARGN})
endfunction()

# gems_test(NAME SOURCES... LINK targets): a Catch2 executable, registered with CTest under its own name.
function(gems_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} Catch2::Catch2WithMain)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
