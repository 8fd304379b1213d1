// The only file that calls the CUDA driver. See driver.h and device.h.
#include "cuda/driver.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "cuda/driver_api.h"
#include "gems/dsl/error.h"
#include "gems/runtime/device.h"
#include "nvrtc/shared_library.h"

namespace gems {
namespace {

using driver_api::Address;
using driver_api::Context;
using driver_api::Functions;
using driver_api::Result;

constexpr int MaxDevices = 64;

struct Driver {
  Functions call;
  std::string problem;  // why there is no usable driver; empty when there is one
  int device_count = 0;
  int version = 0;
};

// Set in a child of fork when the parent had initialised CUDA: the driver hangs or fails there in ways that say
// nothing.
constinit std::atomic<bool> initialised{false};
constinit std::atomic<bool> forked_after_initialisation{false};

bool bind_all(const SharedLibrary& library, Functions& call) {
  return library.bind(call.init, "cuInit") && library.bind(call.get_error_name, "cuGetErrorName") &&
         library.bind(call.get_error_string, "cuGetErrorString") &&
         library.bind(call.driver_get_version, "cuDriverGetVersion") &&
         library.bind(call.device_get_count, "cuDeviceGetCount") && library.bind(call.device_get, "cuDeviceGet") &&
         library.bind(call.device_get_name, "cuDeviceGetName") &&
         library.bind(call.device_get_attribute, "cuDeviceGetAttribute") &&
         library.bind(call.primary_context_retain, "cuDevicePrimaryCtxRetain") &&
         library.bind(call.context_get_current, "cuCtxGetCurrent") &&
         library.bind(call.context_push, "cuCtxPushCurrent_v2") &&
         library.bind(call.context_pop, "cuCtxPopCurrent_v2") &&
         library.bind(call.context_get_device, "cuCtxGetDevice") &&
         library.bind(call.context_synchronize, "cuCtxSynchronize") &&
         library.bind(call.module_load_data, "cuModuleLoadData") &&
         library.bind(call.module_get_function, "cuModuleGetFunction") &&
         library.bind(call.launch_kernel, "cuLaunchKernel") &&
         library.bind(call.launch_kernel_ex, "cuLaunchKernelEx") &&
         library.bind(call.set_function_attribute, "cuFuncSetAttribute") &&
         library.bind(call.resident_blocks, "cuOccupancyMaxActiveBlocksPerMultiprocessor") &&
         library.bind(call.resident_clusters, "cuOccupancyMaxActiveClusters") &&
         library.bind(call.memory_allocate, "cuMemAlloc_v2") && library.bind(call.memory_free, "cuMemFree_v2") &&
         library.bind(call.copy_to_device, "cuMemcpyHtoD_v2") && library.bind(call.copy_to_host, "cuMemcpyDtoH_v2");
}

std::string describe(const Functions& call, Result result) {
  const char* name = nullptr;
  const char* text = nullptr;
  call.get_error_name(result, &name);
  call.get_error_string(result, &text);
  return fmt::format("{} ({}: {})", name ? name : "an unknown error", result, text ? text : "no description");
}

Driver load_driver() {
  Driver driver;
  std::string problem;
  const SharedLibrary library = SharedLibrary::open("libcuda.so.1", &problem);
  if (!library) {
    driver.problem = fmt::format("no CUDA driver was found ({})", problem);
    return driver;
  }
  if (!bind_all(library, driver.call)) {
    driver.problem = "the CUDA driver is older than CUDA 12";
    return driver;
  }
  if (const Result result = driver.call.init(0)) {
    driver.problem = fmt::format("cuInit returned {}", describe(driver.call, result));
    return driver;
  }
  if (const Result result = driver.call.device_get_count(&driver.device_count))
    driver.problem = fmt::format("cuDeviceGetCount returned {}", describe(driver.call, result));
  driver.call.driver_get_version(&driver.version);
  ::pthread_atfork(nullptr, nullptr, [] {
    if (initialised.load(std::memory_order_relaxed)) forked_after_initialisation.store(true, std::memory_order_relaxed);
  });
  initialised.store(true, std::memory_order_relaxed);
  return driver;
}

const Driver& loaded() {
  static const Driver& driver = *new Driver(load_driver());
  return driver;
}

void check_fork() {
  if (forked_after_initialisation.load(std::memory_order_relaxed)) [[unlikely]]
    throw Error(
        "this process was forked after CUDA had been initialised, and CUDA does not work in such a child. Fork before "
        "the first use of CUDA, or start the process afresh (Python: multiprocessing's 'spawn')");
}

const Functions& functions() {
  check_fork();
  const Driver& driver = loaded();
  if (!driver.problem.empty()) throw Error(fmt::format("CUDA cannot be used: {}", driver.problem));
  return driver.call;
}

void check(const Functions& call, Result result, const char* what, std::string_view purpose) {
  if (result != 0) throw Error(fmt::format("{} returned {} for {}", what, describe(call, result), purpose));
}

driver_api::Device device_handle(const Functions& call, int device) {
  if (device < 0 || device >= loaded().device_count)
    throw Error(fmt::format("there is no CUDA device {}; this machine has {}", device, loaded().device_count));
  driver_api::Device handle = 0;
  check(call, call.device_get(&handle, device), "cuDeviceGet", fmt::format("device {}", device));
  return handle;
}

// Retained once for the life of the process.
Context primary_context(const Functions& call, int device) {
  static std::mutex mutex;
  static std::array<Context, MaxDevices> contexts{};
  const driver_api::Device handle = device_handle(call, device);
  std::lock_guard lock(mutex);
  Context& context = contexts.at(static_cast<std::size_t>(device));
  if (!context)
    check(call, call.primary_context_retain(&context, handle), "cuDevicePrimaryCtxRetain",
          fmt::format("device {}", device));
  return context;
}

// Makes a context current for a scope; nothing to do, and nothing to undo, when it is already.
class ContextScope {
 public:
  ContextScope(const Functions& call, Context context, std::string_view purpose) : call_(call) {
    Context current = nullptr;
    check(call, call.context_get_current(&current), "cuCtxGetCurrent", purpose);
    if (current == context) return;
    check(call, call.context_push(context), "cuCtxPushCurrent", purpose);
    pushed_ = true;
  }
  ~ContextScope() {
    Context popped = nullptr;
    if (pushed_) call_.context_pop(&popped);
  }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  const Functions& call_;
  bool pushed_ = false;
};

int attribute(int device, int which) {
  const Functions& call = functions();
  int value = 0;
  check(call, call.device_get_attribute(&value, which, device_handle(call, device)), "cuDeviceGetAttribute",
        fmt::format("device {}", device));
  return value;
}

}  // namespace

int cuda_device_count() { return loaded().problem.empty() ? loaded().device_count : 0; }

int cuda_arch(int device) {
  static std::array<std::atomic<int>, MaxDevices> known{};
  if (device >= 0 && device < MaxDevices)
    if (const int arch = known[static_cast<std::size_t>(device)].load(std::memory_order_relaxed)) {
      check_fork();
      return arch;
    }
  const int arch = attribute(device, driver_api::AttributeMajor) * 10 + attribute(device, driver_api::AttributeMinor);
  if (device < MaxDevices) known[static_cast<std::size_t>(device)].store(arch, std::memory_order_relaxed);
  return arch;
}

CudaTarget cuda_target(int device) {
  const int arch = cuda_arch(device);                       // which checks the device
  static std::array<std::atomic<int>, MaxDevices> known{};  // GB/s + 1
  const bool is_kept = device < MaxDevices;
  if (is_kept)
    if (const int gbps = known[static_cast<std::size_t>(device)].load(std::memory_order_relaxed))
      return {.arch = arch, .memory_gbps = gbps - 1};
  // Two transfers a clock, in kHz and bits.
  const std::int64_t clock_khz = attribute(device, driver_api::AttributeMemoryClock);
  const std::int64_t width_bits = attribute(device, driver_api::AttributeMemoryWidth);
  const auto gbps = static_cast<int>(2 * clock_khz * width_bits / 8 / 1'000'000);
  if (is_kept) known[static_cast<std::size_t>(device)].store(gbps + 1, std::memory_order_relaxed);
  return {.arch = arch, .memory_gbps = gbps};
}

std::string cuda_device_name(int device) {
  const Functions& call = functions();
  std::array<char, 256> name{};
  check(call, call.device_get_name(name.data(), static_cast<int>(name.size()), device_handle(call, device)),
        "cuDeviceGetName", fmt::format("device {}", device));
  return name.data();
}

namespace driver {

int version() { return loaded().version; }

namespace {

// `attribute` is the cluster's, and lives as long as what is returned.
driver_api::LaunchConfiguration configuration(const Grid& grid, driver_api::LaunchAttribute& attribute, void* stream) {
  attribute.id = driver_api::LaunchAttribute::Cluster;
  attribute.cluster[0] = grid.cluster;
  attribute.cluster[1] = attribute.cluster[2] = 1;
  return {.grid_x = grid.grid_x,
          .grid_y = grid.grid_y,
          .grid_z = grid.grid_z,
          .block_x = grid.block_x,
          .block_y = grid.block_y,
          .shared_bytes = grid.shared_bytes,
          .stream = stream,
          .attributes = &attribute,
          .attribute_count = 1};
}

}  // namespace

LoadedKernel load_kernel(int device, std::span<const char> cubin, const std::string& name, bool has_fold,
                         std::size_t shared_bytes) {
  const Functions& call = functions();
  const Context context = primary_context(call, device);
  const ContextScope scope(call, context, name);
  LoadedKernel loaded{.kernel = {.function = nullptr, .fold = nullptr, .context = context}, .problem = {}};
  driver_api::Module module = nullptr;
  if (const Result result = call.module_load_data(&module, cubin.data())) {
    loaded.problem =
        fmt::format("cuModuleLoadData returned {} for kernel {} on device {}", describe(call, result), name, device);
    return loaded;
  }
  const auto find = [&](void*& function, const std::string& kernel) {
    const Result found = call.module_get_function(&function, module, kernel.c_str());
    if (found == 0) return;
    loaded.problem = fmt::format("cuModuleGetFunction returned {} for kernel {} on device {}", describe(call, found),
                                 kernel, device);
    loaded.kernel.function = nullptr;
  };
  find(loaded.kernel.function, name);
  if (has_fold && loaded.problem.empty()) find(loaded.kernel.fold, name + "_fold");
  if (shared_bytes > 0 && loaded.problem.empty()) {
    const auto bytes = static_cast<int>(shared_bytes);
    if (const Result result =
            call.set_function_attribute(loaded.kernel.function, driver_api::FunctionSharedBytes, bytes)) {
      loaded.problem =
          fmt::format("cuFuncSetAttribute returned {} for {} bytes of shared memory of kernel {} on device {}",
                      describe(call, result), bytes, name, device);
      loaded.kernel.function = nullptr;
    }
  }
  return loaded;
}

unsigned resident_blocks(const Kernel& kernel, const Grid& grid, std::string_view name) {
  const Functions& call = functions();
  const ContextScope scope(call, kernel.context, name);
  int count = 0;
  if (grid.cluster > 1) {
    driver_api::LaunchAttribute attribute;
    const auto wanted = configuration(grid, attribute, nullptr);
    check(call, call.resident_clusters(&count, kernel.function, &wanted), "cuOccupancyMaxActiveClusters", name);
    return static_cast<unsigned>(std::max(count, 1)) * grid.cluster;
  }
  check(call,
        call.resident_blocks(&count, kernel.function, static_cast<int>(grid.block_x * grid.block_y), grid.shared_bytes),
        "cuOccupancyMaxActiveBlocksPerMultiprocessor", name);
  driver_api::Device device = 0;
  check(call, call.context_get_device(&device), "cuCtxGetDevice", name);
  int processors = 0;
  check(call, call.device_get_attribute(&processors, driver_api::AttributeProcessors, device), "cuDeviceGetAttribute",
        name);
  return static_cast<unsigned>(std::max(count * processors, 1));
}

void launch(const Kernel& kernel, const Grid& grid, void* stream, void** parameters, std::string_view name) {
  check_fork();
  const Functions& call = loaded().call;  // a kernel exists, so the driver does
  const ContextScope scope(call, kernel.context, name);
  Result result = 0;
  if (grid.cluster > 1) {
    driver_api::LaunchAttribute attribute;
    const auto wanted = configuration(grid, attribute, stream);
    result = call.launch_kernel_ex(&wanted, kernel.function, parameters, nullptr);
  } else {
    result = call.launch_kernel(kernel.function, grid.grid_x, grid.grid_y, grid.grid_z, grid.block_x, grid.block_y, 1,
                                grid.shared_bytes, stream, parameters, nullptr);
  }
  if (result != 0) [[unlikely]]
    throw Error(fmt::format("{} returned {} for kernel {} (grid {}, block {} x {}, cluster {})",
                            grid.cluster > 1 ? "cuLaunchKernelEx" : "cuLaunchKernel", describe(call, result), name,
                            grid.grid_x, grid.block_x, grid.block_y, grid.cluster));
}

void* allocate(int device, std::size_t size_bytes) {
  const Functions& call = functions();
  const ContextScope scope(call, primary_context(call, device), "an allocation");
  Address address = 0;
  check(call, call.memory_allocate(&address, size_bytes), "cuMemAlloc", fmt::format("{} bytes", size_bytes));
  return reinterpret_cast<void*>(address);
}

void release(int device, void* memory) {
  const Functions& call = functions();
  const ContextScope scope(call, primary_context(call, device), "freeing memory");
  check(call, call.memory_free(reinterpret_cast<Address>(memory)), "cuMemFree", "memory of a test or tool");
}

void copy_to_device(int device, void* to, const void* from, std::size_t size_bytes) {
  const Functions& call = functions();
  const ContextScope scope(call, primary_context(call, device), "a copy");
  check(call, call.copy_to_device(reinterpret_cast<Address>(to), from, size_bytes), "cuMemcpyHtoD",
        fmt::format("{} bytes", size_bytes));
}

void copy_to_host(int device, void* to, const void* from, std::size_t size_bytes) {
  const Functions& call = functions();
  const ContextScope scope(call, primary_context(call, device), "a copy");
  check(call, call.copy_to_host(to, reinterpret_cast<Address>(from), size_bytes), "cuMemcpyDtoH",
        fmt::format("{} bytes", size_bytes));
}

void synchronize(int device) {
  const Functions& call = functions();
  const ContextScope scope(call, primary_context(call, device), "a wait");
  check(call, call.context_synchronize(), "cuCtxSynchronize", fmt::format("device {}", device));
}

}  // namespace driver
}  // namespace gems
