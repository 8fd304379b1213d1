// Formulas for two-byte results in CPU kernels, on every operand there is.
#include "approximations.h"

#include <catch2/catch_test_macros.hpp>

#include "Pipeline/CompileCpu.h"
#include "kernels.h"
#include "targets.h"

namespace gems::test {

TEST_CASE("CPU kernels for f16 and bf16 are within one unit in the last place of every result") {
  std::vector<std::uint16_t> operands = all_two_byte_values(), results(operands.size());
  for (const bool is_narrow : {false, true})
    for (const ApproximateCase& test : approximate_cases())
      for (const DType dtype : {DType::F16, DType::BF16}) {
        const TraceGraph graph = approximate_trace(test, dtype);
        const cpu::Target target = is_narrow ? narrow_target() : cpu::hostTarget();
        const CpuKernel kernel = load_cpu(cpu::compile(graph, contiguous(graph), target));
        char* const data[] = {reinterpret_cast<char*>(operands.data()), reinterpret_cast<char*>(results.data())};
        kernel(data, nullptr, nullptr, 65536);
        check_accuracy(test, dtype, results, is_narrow ? "for AVX2" : "on this CPU");
      }
}

}  // namespace gems::test
