// The installed parallel_for, and numbers in their compute dtypes.
#include "cpu/cpu_launch.h"

#include <atomic>

#include "cpu/thread_pool.h"

namespace gems {
namespace {

constinit std::atomic<ParallelFor> installed{&pool_parallel_for};

}  // namespace

ParallelFor parallel_for() { return installed.load(std::memory_order_acquire); }

void set_parallel_for(ParallelFor parallel_for) {
  installed.store(parallel_for ? parallel_for : &pool_parallel_for, std::memory_order_release);
}

PackedNumbers::PackedNumbers(const Variant& variant, const NumberValue* numbers) {
  for (const KernelParameter& parameter : variant.parameters) {
    if (parameter.form != OperandForm::Number) continue;
    const std::size_t i = parameter.index;
    pack_number(numbers[i], parameter.compute, values_[i].data());
    addresses_[i] = values_[i].data();
  }
}

}  // namespace gems
