// The counters of operators of torch.ops, beside which the overrides have their own.
#include "serve/call_counts.h"

#include <deque>
#include <mutex>

namespace gems::aten {
namespace {

struct Table {
  std::mutex mutex;
  std::deque<OperatorCounts> rows;
};

Table& table() {
  static Table& the_table = *new Table;
  return the_table;
}

}  // namespace

void CallCounts::reset() {
  served.store(0, std::memory_order_relaxed);
  for (auto& count : declined) count.store(0, std::memory_order_relaxed);
  compiles.store(0, std::memory_order_relaxed);
  compile_us.store(0, std::memory_order_relaxed);
}

CallCounts& operator_counts(const std::string& name) {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  for (OperatorCounts& row : all.rows)
    if (row.name == name) return row.counts;
  OperatorCounts& row = all.rows.emplace_back();
  row.name = name;
  return row.counts;
}

std::vector<OperatorCounts*> all_operator_counts() {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  std::vector<OperatorCounts*> rows;
  for (OperatorCounts& row : all.rows) rows.push_back(&row);
  return rows;
}

}  // namespace gems::aten
