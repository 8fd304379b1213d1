# find_package(gems): gems::dsl, to define operators with, and, beside a PyTorch, gems::torch, to call them on at::Tensor.
#
# gems::torch is for the PyTorch that find_package(Torch) has found before, or whose folder GEMS_TORCH_DIR names
# (python -c "import torch; print(torch.__path__[0])"): that needs no CUDA toolkit. With COMPONENTS torch it is required.
get_filename_component(gems_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

if(NOT TARGET gems::dsl)
  add_library(gems::dsl STATIC IMPORTED)
  set_target_properties(gems::dsl PROPERTIES
    IMPORTED_LOCATION ${gems_prefix}/lib/libgems_dsl.a
    INTERFACE_INCLUDE_DIRECTORIES ${gems_prefix}/include)
  target_compile_features(gems::dsl INTERFACE cxx_std_20)
endif()

if(GEMS_TORCH_DIR)
  file(STRINGS ${GEMS_TORCH_DIR}/version.py gems_torch_version REGEX "^__version__ = ")
  string(REGEX REPLACE ".*'(.*)'" "\\1" gems_torch_version "${gems_torch_version}")
  set(gems_torch_libraries ${GEMS_TORCH_DIR}/lib/libtorch.so ${GEMS_TORCH_DIR}/lib/libtorch_cpu.so
    ${GEMS_TORCH_DIR}/lib/libc10.so)
  set(gems_torch_includes ${GEMS_TORCH_DIR}/include ${GEMS_TORCH_DIR}/include/torch/csrc/api/include)
elseif(TARGET torch)
  set(gems_torch_version "${Torch_VERSION}")
  set(gems_torch_libraries torch)
  set(gems_torch_includes "")
endif()

if(gems_torch_version MATCHES "^([0-9]+)\\.([0-9]+)")
  set(gems_adapter ${gems_prefix}/lib/libgems_torch_${CMAKE_MATCH_1}_${CMAKE_MATCH_2}.so)
  if(NOT EXISTS ${gems_adapter})
    set(gems_NOT_FOUND_MESSAGE
      "This gems has no adapter for torch ${gems_torch_version}; those in ${gems_prefix}/lib say for which it has.")
  elseif(NOT TARGET gems::torch)
    add_library(gems::gems SHARED IMPORTED)
    set_target_properties(gems::gems PROPERTIES IMPORTED_LOCATION ${gems_prefix}/lib/libgems.so)
    add_library(gems::torch SHARED IMPORTED)
    set_target_properties(gems::torch PROPERTIES IMPORTED_LOCATION ${gems_adapter})
    target_include_directories(gems::torch INTERFACE ${gems_prefix}/include)
    target_include_directories(gems::torch SYSTEM INTERFACE ${gems_torch_includes})
    target_link_libraries(gems::torch INTERFACE gems::gems ${gems_torch_libraries})
    target_compile_features(gems::torch INTERFACE cxx_std_20)
  endif()
else()
  set(gems_NOT_FOUND_MESSAGE
    "gems::torch is for a PyTorch: call find_package(Torch) before, or set GEMS_TORCH_DIR to the folder of the Python package torch.")
endif()
if(TARGET gems::torch)
  set(gems_torch_FOUND TRUE)
endif()
if(gems_FIND_REQUIRED_torch AND NOT gems_torch_FOUND)
  set(gems_FOUND FALSE)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/GemsAddOperators.cmake)
