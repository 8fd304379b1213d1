// What the stand-in CUDA driver was asked in this thread. A test program links it: it is in the process before anybody
// looks for a libcuda.so.1, and is found in its place.
#pragma once

namespace gems::test {

inline constexpr int StandInDevices = 2;
inline constexpr int StandInProcessors = 10;
inline constexpr int StandInResidentBlocks = 3;    // of a multiprocessor
inline constexpr int StandInResidentClusters = 7;  // of a device

struct StandInDriver {
  int launches = 0;
  int modules = 0;
  int context_switches = 0;
  int next_result = 0;              // of launches, and of cuFuncSetAttribute: set by a test
  void* current_context = nullptr;  // as PyTorch's device guard leaves it: set by a test
  // Of the last launch.
  void* stream = nullptr;
  void* context = nullptr;
  void* first_parameter = nullptr;
  unsigned grid_x = 0, cluster = 0, shared_bytes = 0;
  int most_shared_bytes = 0;   // of the last cuFuncSetAttribute
  unsigned asked_cluster = 0;  // of the last cuOccupancyMaxActiveClusters
};

extern "C" {
StandInDriver& stand_in_driver();    // of this thread
void* stand_in_context(int device);  // the primary context of a device
}

}  // namespace gems::test
