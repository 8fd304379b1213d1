// Reads the counters of overrides and of operators.
#include "gems/aten/report.h"

#include "overrides/table/override_table.h"
#include "serve/call_counts.h"

namespace gems::aten {
namespace {

ReportRow row_of(const std::string& name, const CallCounts& counts) {
  ReportRow row;
  row.name = name;
  row.served = counts.served.load(std::memory_order_relaxed);
  row.calls = row.served;
  for (std::size_t i = 0; i < DeclineReasonCount; ++i) {
    const std::uint64_t count = counts.declined[i].load(std::memory_order_relaxed);
    if (count == 0) continue;
    row.calls += count;
    row.declined.emplace_back(text(static_cast<DeclineReason>(i)), count);
  }
  row.compiles = counts.compiles.load(std::memory_order_relaxed);
  row.compile_ms = static_cast<double>(counts.compile_us.load(std::memory_order_relaxed)) / 1000;
  return row;
}

}  // namespace

std::vector<ReportRow> report() {
  std::vector<ReportRow> rows;
  for (TableRow& row : override_table()) rows.push_back(row_of(row.override.name(), row.override.counts()));
  for (const OperatorCounts* row : all_operator_counts()) rows.push_back(row_of(row->name, row->counts));
  return rows;
}

void reset_report() {
  for (TableRow& row : override_table()) row.override.counts().reset();
  for (OperatorCounts* row : all_operator_counts()) row->counts.reset();
}

}  // namespace gems::aten
