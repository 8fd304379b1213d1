// A CUDA driver that computes nothing and counts: built as a libcuda.so.1 of its own, for tests of everything that
// happens on the host around a launch. Devices are of compute capability 9.0; "device" memory is the host's.
#include "stand_in_driver.h"

#include <cstdlib>
#include <cstring>

#include "cuda/driver_api.h"

using namespace gems::driver_api;
using gems::test::StandInDevices;
using gems::test::StandInDriver;
using gems::test::StandInProcessors;
using gems::test::StandInResidentBlocks;
using gems::test::StandInResidentClusters;

namespace {

thread_local StandInDriver state;
thread_local Context below = nullptr;  // one push deep

// Handles only have to differ.
char contexts[StandInDevices];
char module_handle;
char function_handle;

}  // namespace

namespace gems::test {
StandInDriver& stand_in_driver() { return state; }
void* stand_in_context(int device) { return &contexts[device]; }
}  // namespace gems::test

extern "C" {

Result cuInit(unsigned) { return 0; }
Result cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}
Result cuGetErrorName(Result, const char** name) {
  *name = "CUDA_ERROR_STAND_IN";
  return 0;
}
Result cuGetErrorString(Result, const char** text) {
  *text = "the stand-in driver was told to fail";
  return 0;
}
Result cuDeviceGetCount(int* count) {
  *count = StandInDevices;
  return 0;
}
Result cuDeviceGet(Device* device, int ordinal) {
  *device = ordinal;
  return 0;
}
Result cuDeviceGetName(char* name, int length, Device) {
  std::strncpy(name, "stand-in", static_cast<std::size_t>(length));
  return 0;
}
Result cuDeviceGetAttribute(int* value, int attribute, Device) {
  *value = attribute == AttributeMajor ? 9 : attribute == AttributeProcessors ? StandInProcessors : 0;
  return 0;
}
Result cuDevicePrimaryCtxRetain(Context* context, Device device) {
  *context = &contexts[device];
  return 0;
}
Result cuCtxGetCurrent(Context* context) {
  *context = state.current_context;
  return 0;
}
Result cuCtxPushCurrent_v2(Context context) {
  ++state.context_switches;
  below = state.current_context;
  state.current_context = context;
  return 0;
}
Result cuCtxPopCurrent_v2(Context* context) {
  *context = state.current_context;
  state.current_context = below;
  return 0;
}
Result cuCtxGetDevice(Device* device) {
  *device = 0;
  return 0;
}
Result cuCtxSynchronize() { return 0; }
Result cuModuleLoadData(Module* module, const void*) {
  ++state.modules;
  *module = &module_handle;
  return 0;
}
Result cuModuleGetFunction(Function* function, Module, const char*) {
  *function = &function_handle;
  return 0;
}
Result cuFuncSetAttribute(Function, int attribute, int value) {
  if (attribute == FunctionSharedBytes) state.most_shared_bytes = value;
  return state.next_result;
}
Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function, int, std::size_t) {
  *blocks = StandInResidentBlocks;
  return 0;
}
Result cuOccupancyMaxActiveClusters(int* clusters, Function, const LaunchConfiguration* configuration) {
  state.asked_cluster = configuration->attributes[0].cluster[0];
  *clusters = StandInResidentClusters;
  return 0;
}
Result cuLaunchKernel(Function, unsigned grid_x, unsigned, unsigned, unsigned, unsigned, unsigned,
                      unsigned shared_bytes, Stream stream, void** parameters, void**) {
  ++state.launches;
  state.grid_x = grid_x;
  state.cluster = 1;
  state.shared_bytes = shared_bytes;
  state.stream = stream;
  state.context = state.current_context;
  std::memcpy(&state.first_parameter, parameters[0], sizeof state.first_parameter);
  return state.next_result;
}
Result cuLaunchKernelEx(const LaunchConfiguration* configuration, Function function, void** parameters, void** extra) {
  const Result result = cuLaunchKernel(function, configuration->grid_x, configuration->grid_y, configuration->grid_z,
                                       configuration->block_x, configuration->block_y, configuration->block_z,
                                       configuration->shared_bytes, configuration->stream, parameters, extra);
  const LaunchAttribute& attribute = configuration->attributes[0];
  state.cluster = attribute.id == LaunchAttribute::Cluster ? attribute.cluster[0] : 0;
  return result;
}
Result cuMemAlloc_v2(Address* address, std::size_t size_bytes) {
  *address = reinterpret_cast<Address>(std::malloc(size_bytes));
  return 0;
}
Result cuMemFree_v2(Address address) {
  std::free(reinterpret_cast<void*>(address));
  return 0;
}
Result cuMemcpyHtoD_v2(Address to, const void* from, std::size_t size_bytes) {
  std::memcpy(reinterpret_cast<void*>(to), from, size_bytes);
  return 0;
}
Result cuMemcpyDtoH_v2(void* to, Address from, std::size_t size_bytes) {
  std::memcpy(to, reinterpret_cast<const void*>(from), size_bytes);
  return 0;
}

// NVRTC asks a driver that it finds for the driver's kernel cache, and calls this without a test for null.
Result cuGetExportTable(const void**, const void*) { return 1; }

}  // extern "C"
