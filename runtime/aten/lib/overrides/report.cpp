// Reads the overrides' counters.
#include "gems/aten/report.h"

#include "overrides/override_table.h"

namespace gems::aten {

std::vector<ReportRow> report() {
  std::vector<ReportRow> rows;
  for (TableRow& row : override_table()) {
    Override::Counts& counts = row.override.counts();
    ReportRow out;
    out.name = row.override.name();
    out.served = counts.served.load(std::memory_order_relaxed);
    out.calls = out.served;
    for (std::size_t i = 0; i < DeclineReasonCount; ++i) {
      const std::uint64_t count = counts.declined[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      out.calls += count;
      out.declined.emplace_back(text(static_cast<DeclineReason>(i)), count);
    }
    out.compiles = counts.compiles.load(std::memory_order_relaxed);
    out.compile_ms = static_cast<double>(counts.compile_us.load(std::memory_order_relaxed)) / 1000;
    rows.push_back(std::move(out));
  }
  return rows;
}

void reset_report() {
  for (TableRow& row : override_table()) {
    Override::Counts& counts = row.override.counts();
    counts.served.store(0, std::memory_order_relaxed);
    for (auto& count : counts.declined) count.store(0, std::memory_order_relaxed);
    counts.compiles.store(0, std::memory_order_relaxed);
    counts.compile_us.store(0, std::memory_order_relaxed);
  }
}

}  // namespace gems::aten
