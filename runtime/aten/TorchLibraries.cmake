# Finds PyTorch by asking the Python package for its folder, and defines gems_torch_libraries for it: headers and the three
# libraries that gems may link. find_package(Torch) is not used: it demands a CUDA toolkit.
execute_process(
  COMMAND ${GEMS_PYTHON} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
  OUTPUT_VARIABLE GEMS_TORCH_DIR OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE gems_torch_result ERROR_QUIET)
if(NOT gems_torch_result EQUAL 0)
  message(FATAL_ERROR "No PyTorch in ${GEMS_PYTHON}: install it there, name another Python with -DGEMS_PYTHON=, "
                      "or build without it with -DGEMS_TORCH=OFF.")
endif()

# The minor version of the PyTorch in a folder, as it is in the names of the adapters: 2_11.
function(gems_torch_minor folder result)
  file(STRINGS ${folder}/version.py version REGEX "^__version__ = ")
  if(NOT version MATCHES "'([0-9]+)\\.([0-9]+)\\.")
    message(FATAL_ERROR "${folder}/version.py does not say which PyTorch this is.")
  endif()
  set(${result} ${CMAKE_MATCH_1}_${CMAKE_MATCH_2} PARENT_SCOPE)
endfunction()

# Only libtorch.so must stay although nothing of it is named: it brings libtorch_cuda where that exists.
function(gems_torch_libraries target folder)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${folder}/include ${folder}/include/torch/csrc/api/include)
  target_link_directories(${target} INTERFACE ${folder}/lib)
  target_link_libraries(${target} INTERFACE
    -Wl,--push-state,--no-as-needed ${folder}/lib/libtorch.so -Wl,--pop-state
    ${folder}/lib/libtorch_cpu.so ${folder}/lib/libc10.so)
endfunction()
gems_torch_libraries(gems_torch_libraries ${GEMS_TORCH_DIR})
