// How the elements of a row are shared out among threads. See row_shape.h.
#include "Families/row_shape.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace gems {

int row_width(const KernelFacts& facts) {
  int widest = 0;
  for (const Traffic& traffic : facts.traffic)
    if (traffic.extent == Extent::Element && !traffic.is_unread) widest = std::max(widest, traffic.size_bytes);
  return widest == 0 ? 1 : tuning::AccessBytes / widest;
}

HeldRows held_rows(const KernelFacts& facts) {
  using namespace tuning;
  if (facts.reads_once) return {.threads = OnceReadRowThreads};
  int words = 0;
  for (const Traffic& traffic : facts.traffic)
    if (traffic.extent == Extent::Element && !traffic.is_result && !traffic.is_unread)
      words += static_cast<int>(ceil_div(traffic.size_bytes * row_width(facts), 4));
  if (words <= EightHeldWords) return {.threads = RowThreads, .few = FewRowVectors, .all = 8 * RowThreads};
  const int threads = words <= FourHeldWords ? RowThreads : RowThreads / 2;
  const int all = words <= MostHeldWords ? 4 * threads : 0;
  return {.threads = threads, .few = all, .all = all};
}

std::int64_t threads_of_row(std::int64_t vectors, int vectors_of_thread, int most_threads) {
  const std::int64_t threads = std::clamp<std::int64_t>(ceil_div(vectors, vectors_of_thread), 1, most_threads);
  if (threads >= tuning::WarpThreads) return ceil_div(threads, tuning::WarpThreads) * tuning::WarpThreads;
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(threads)));
}

Blocks row_blocks(const Geometry& geometry, std::int64_t threads, int block_threads) {
  const std::int64_t rows = size_from(geometry, geometry.reduced_rank);
  const std::int64_t together = threads > tuning::WarpThreads ? 1 : block_threads / threads;
  return {.count = ceil_div(rows, together), .x = threads, .y = together, .rows = rows};
}

std::string row_blocks_text(const std::string& threads, int block_threads, const std::string& grid) {
  return fmt::format(
      "bx = {}, up to {} a power of two, else a multiple of {}; block (bx, by), by = bx > {} ? 1 : {} / bx; grid {}",
      threads, tuning::WarpThreads, tuning::WarpThreads, tuning::WarpThreads, block_threads, grid);
}

namespace {
bool is_shared(const KernelFacts& facts) { return facts.reads_once && facts.partial_bytes > 0; }
}  // namespace

int chunk_of(const KernelFacts& facts, int elements) { return is_shared(facts) ? elements : 0; }
int partial_of(const KernelFacts& facts) { return is_shared(facts) ? facts.partial_bytes : 0; }

void share_rows(Blocks& blocks, const Geometry& geometry, int chunk, int partial) {
  if (chunk == 0) return;
  blocks.parts = std::max<std::int64_t>(ceil_div(columns_of(geometry), chunk), 1);
  blocks.partial_bytes = partial;
}

std::string shared_text(int chunk) {
  if (chunk == 0) return {};
  return fmt::format(", parts), parts = ceil(columns / {}); where parts > 1, NAME_fold after it", chunk);
}

std::vector<GeometryField> row_parameters(const Layout& layout, TensorCounts tensors) {
  using Kind = GeometryField::Kind;
  const LayoutTraits& kind = traits(layout.cls);
  const int reduced = kind.is_wide ? kind.rank / 2 : 1;
  std::vector<GeometryField> fields;
  for (int dim = 0; dim + 1 < reduced; ++dim) fields.push_back({Kind::Size, FieldType::Wide, dim});
  for (int dim = reduced; dim + 1 < kind.rank; ++dim) fields.push_back({Kind::Size, FieldType::Divisor, dim});
  fields.insert(fields.end(), {{Kind::Rows, FieldType::Narrow}, {Kind::Columns, FieldType::Wide}});
  add_strides(fields, FieldType::Wide, layout, tensors);
  return fields;
}

}  // namespace gems
