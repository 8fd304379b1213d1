// What became of the calls that reached an override or an operator of torch.ops.gems: counts per overload.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gems::aten {

struct ReportRow {
  std::string name;  // "add.Tensor"; of an operator "gems::silu_and_mul", "gems::silu_and_mul.out"
  std::uint64_t calls = 0;
  std::uint64_t served = 0;
  std::vector<std::pair<std::string, std::uint64_t>> declined;  // reason, count
  std::uint64_t compiles = 0;
  double compile_ms = 0;
};

// One row for each override, in the order of the table, then for each operator; those without calls too.
std::vector<ReportRow> report();
void reset_report();

}  // namespace gems::aten
