# Finds MLIR and LLVM 22.1 and makes them link statically, so that gems carries its own copy and exports none of it.
#
# Debian's MLIR archives name the shared libLLVM ("LLVM") in their link interface, some also libMLIR ("MLIR"): both are
# replaced here by the archives of the components that the MLIR core needs. Code that needs more of LLVM (ORC, targets)
# links those components itself, through llvm_map_components_to_libnames.
include_guard(GLOBAL)

# Other folders (tools, tests) link what is found here.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
# LLVMSupport names zstd::libzstd_shared, which LLVM's own package does not define, and nothing here uses
# (compiler/lib/Cpu/NoCompression.cpp).
if(NOT TARGET zstd::libzstd_shared)
  add_library(zstd::libzstd_shared INTERFACE IMPORTED GLOBAL)
endif()
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22)

add_library(gems_llvm_core INTERFACE)
llvm_map_components_to_libnames(gems_llvm_core_libs asmparser bitwriter core remarks support)
target_link_libraries(gems_llvm_core INTERFACE ${gems_llvm_core_libs})

get_property(gems_mlir_libs GLOBAL PROPERTY MLIR_ALL_LIBS)
foreach(lib ${gems_mlir_libs})
  if(NOT TARGET ${lib})
    continue()
  endif()
  get_target_property(links ${lib} INTERFACE_LINK_LIBRARIES)
  if(links)
    list(TRANSFORM links REPLACE "^LLVM$" "gems_llvm_core")
    list(REMOVE_ITEM links MLIR)
    set_target_properties(${lib} PROPERTIES INTERFACE_LINK_LIBRARIES "${links}")
  endif()
endforeach()

# Include folders and definitions of MLIR and LLVM, as system headers.
add_library(gems_mlir_headers INTERFACE)
target_include_directories(gems_mlir_headers SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(gems_llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(gems_mlir_headers INTERFACE ${gems_llvm_definitions})

# The compiler's folder and its build folder, for targets in other folders (tests, tools) too.
get_filename_component(gems_compiler_SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR}/../../compiler ABSOLUTE)
set(gems_compiler_SOURCE_DIR ${gems_compiler_SOURCE_DIR} CACHE INTERNAL "")
set(gems_compiler_BINARY_DIR ${CMAKE_CURRENT_BINARY_DIR} CACHE INTERNAL "")
# FileCheck and its kin, for the tests.
set(gems_llvm_tools_DIR ${LLVM_TOOLS_BINARY_DIR} CACHE INTERNAL "")

# gems_mlir_library(NAME SOURCES... [LINK targets]): a static library inside the compiler that may include MLIR. All of
# them share the precompiled header of the first one (the dialect).
function(gems_mlir_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${gems_compiler_SOURCE_DIR}/lib ${gems_compiler_BINARY_DIR}/lib
                                            ${gems_compiler_SOURCE_DIR}/include)
  target_link_libraries(${name} PUBLIC gems_mlir_headers gems::dsl fmt::fmt-header-only ${arg_LINK})
  add_dependencies(${name} gems_pw_gen)
  if(name STREQUAL "gems_compiler_pw")
    gems_precompiled(${name} ${gems_compiler_SOURCE_DIR}/lib/Precompiled.h)
  else()
    target_precompile_headers(${name} REUSE_FROM gems_compiler_pw)
  endif()
endfunction()
