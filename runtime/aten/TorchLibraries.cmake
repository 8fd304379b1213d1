# Finds PyTorch by asking the Python package for its folder, and defines gems_torch_libraries: headers and the three
# libraries that gems_torch may link. find_package(Torch) is not used: it demands a CUDA toolkit.
execute_process(
  COMMAND ${GEMS_PYTHON} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
  OUTPUT_VARIABLE GEMS_TORCH_DIR OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE gems_torch_result ERROR_QUIET)
if(NOT gems_torch_result EQUAL 0)
  message(FATAL_ERROR "No PyTorch in ${GEMS_PYTHON}: install it there, name another Python with -DGEMS_PYTHON=, "
                      "or build without it with -DGEMS_TORCH=OFF.")
endif()

# Only libtorch.so must stay although nothing of it is named: it brings libtorch_cuda where that exists.
add_library(gems_torch_libraries INTERFACE)
target_include_directories(gems_torch_libraries SYSTEM INTERFACE
  ${GEMS_TORCH_DIR}/include ${GEMS_TORCH_DIR}/include/torch/csrc/api/include)
target_link_directories(gems_torch_libraries INTERFACE ${GEMS_TORCH_DIR}/lib)
target_link_libraries(gems_torch_libraries INTERFACE
  -Wl,--push-state,--no-as-needed ${GEMS_TORCH_DIR}/lib/libtorch.so -Wl,--pop-state
  ${GEMS_TORCH_DIR}/lib/libtorch_cpu.so ${GEMS_TORCH_DIR}/lib/libc10.so)
