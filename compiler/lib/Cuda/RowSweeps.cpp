// The sweeps of rowwise kernels, and the second kernel of rows that several blocks share. See RowText.h.
#include "Cuda/RowText.h"

#include <map>

#include "Cuda/ApproximationText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {
namespace {

bool isCompound(pw::ReduceOp reduce) {
  return reduce.getKind() == Reduction::moments || reduce.getKind() == Reduction::exp_sum;
}

}  // namespace

std::string RowText::reductionType(pw::ReduceOp reduce) {
  static constexpr std::pair<unsigned, std::pair<std::string_view, Snippet>> signedTypes[] = {
      {8, {"i8", Snippet::I8}}, {16, {"i16", Snippet::I16}}, {32, {"i32", Snippet::I32}}, {64, {"i64", Snippet::I64}}};
  Type type = reduce.getOperand().getType();
  useValueType(kernel_.prelude(), type);
  const Reduction kind = reduce.getKind();
  const bool compares =
      kind == Reduction::max || kind == Reduction::min || kind == Reduction::max_index || kind == Reduction::min_index;
  if (compares && isa<IntegerType>(type))
    for (const auto& [width, named] : signedTypes)
      if (type.getIntOrFloatBitWidth() == width) {
        kernel_.prelude().use(named.second);
        return std::string(named.first);
      }
  return std::string(valueType(type));
}

RowText::Part RowText::plain(const std::string& kind, const std::string& type, const std::string& name, unsigned root,
                             bool isInner) {
  static const std::map<std::string, Snippet> snippets{
      {"Sum", Snippet::Sum}, {"Prod", Snippet::Prod}, {"Max", Snippet::Max}, {"Min", Snippet::Min}};
  Prelude& prelude = kernel_.prelude();
  prelude.use(snippets.at(kind));
  if (type == "float" && kind == "Max") prelude.use(Snippet::MaxF32);
  if (type == "float" && kind == "Min") prelude.use(Snippet::MinF32);
  prelude.use(Snippet::AddElements);
  const std::string reduction = fmt::format("{}<{}>", kind, type);
  return {.name = name,
          .reduction = reduction,
          .valueType = type,
          .root = root,
          .add = fmt::format("add_elements<{}>", reduction),
          .found = {{name, type, "{}", isInner}}};
}

void RowText::addPasses(Passes& passes, pw::ReduceOp reduce, unsigned root, Form form, bool declares) {
  const std::string type = reductionType(reduce), name = row_.at(reduce.getParts()[0]);
  const std::string second = reduce.getParts().size() > 1 ? row_.at(reduce.getParts()[1]) : "";
  Prelude& prelude = kernel_.prelude();
  const auto compound = [&](const std::string& reduction, const std::string& first, const std::string& then) -> Part {
    return {.name = second,
            .reduction = reduction,
            .valueType = type,
            .root = root,
            .add = reduction + "::add",
            .found = {{name, type, first}, {second, type, then}}};
  };
  const auto found = [&](const std::string& kind, Snippet snippet) -> Part {
    prelude.use(snippet);
    prelude.use(Snippet::AddFound);
    prelude.use(Snippet::FoundIndex);
    prelude.use(Snippet::U64);
    const std::string reduction = fmt::format("{}<{}>", kind, type);
    return {.name = second,
            .reduction = reduction,
            .valueType = type,
            .root = root,
            .add = fmt::format("add_found<{}>", reduction),
            .takesColumn = true,
            .found = {{name, type, "{}.value"}, {second, "u64", "index_of({})"}}};
  };
  switch (reduce.getKind()) {
    case Reduction::sum:
      return passes.first.push_back(plain("Sum", type, name, root));
    case Reduction::prod:
      return passes.first.push_back(plain("Prod", type, name, root));
    case Reduction::max:
    case Reduction::umax:
      return passes.first.push_back(plain("Max", type, name, root));
    case Reduction::min:
    case Reduction::umin:
      return passes.first.push_back(plain("Min", type, name, root));
    case Reduction::max_index:
    case Reduction::umax_index:
      return passes.first.push_back(found("MaxIndex", Snippet::MaxIndex));
    case Reduction::min_index:
    case Reduction::umin_index:
      return passes.first.push_back(found("MinIndex", Snippet::MinIndex));
    case Reduction::moments: {
      if (form == Form::OnePass) {
        prelude.use(isAcross() ? Snippet::Moments : Snippet::LanesOfMoments);
        const std::string reduction = fmt::format("Moments<{}>", type);
        return passes.first.push_back(compound(reduction, reduction + "::mean_of({})", "{}.squares"));
      }
      passes.first.push_back(plain("Sum", type, name + "_sum", root, true));
      passes.between.push_back(
          fmt::format("{0}{1} = {1}_sum / geometry.columns;", declares ? fmt::format("const {} ", type) : "", name));
      passes.second.push_back(plain("Sum", type, second, root));
      passes.second.back().subtracted = name;
      return;
    }
    case Reduction::exp_sum: {
      if (form == Form::OnePass) {
        prelude.use(isAcross() ? Snippet::ExpSum : Snippet::LanesOfExpSum);
        return passes.first.push_back(compound(fmt::format("ExpSum<{}, Exp>", type), "{}.max", "{}.sum"));
      }
      prelude.use(Snippet::ExpBase);
      passes.first.push_back(plain("Max", type, name, root));
      passes.between.push_back(fmt::format("const {} {}_base = exp_base({});", type, name, name));
      passes.second.push_back(plain("Sum", type, second, root));
      passes.second.back().subtracted = name + "_base";
      passes.second.back().function = exponential(reduce);
      return;
    }
  }
}

void RowText::writeSweep(int sweep) {
  const bool hasCompound = llvm::any_of(body_.reductions(sweep), isCompound);
  const Form form = hasCompound ? this->form() : Form::OnePass;
  if (form != Form::Either) return writePasses(sweep, form, true);
  for (pw::ReduceOp reduce : body_.reductions(sweep))
    for (Value part : reduce.getParts()) out_.line("{} {};", valueType(part.getType()), row_.at(part));
  out_.open("if ({}) {{", twoPassesCondition());
  writePasses(sweep, Form::TwoPasses, false);
  out_.close();
  out_.open("else {{");
  writePasses(sweep, Form::OnePass, false);
  out_.close();
}

RowText::Passes RowText::passesOf(int sweep, Form form, bool declares) {
  const Visit& visit = sweeps_[static_cast<size_t>(sweep) - 1];
  Passes passes;
  for (pw::ReduceOp reduce : body_.reductions(sweep))
    addPasses(passes, reduce, static_cast<unsigned>(llvm::find(visit.roots, reduce.getOperand()) - visit.roots.begin()),
              form, declares);
  return passes;
}

void RowText::writePasses(int sweep, Form form, bool declares) {
  const Visit& visit = sweeps_[static_cast<size_t>(sweep) - 1];
  const Passes passes = passesOf(sweep, form, declares);
  writePass(visit, passes.first, declares);
  for (const std::string& line : passes.between) out_.line("{}", line);
  if (!passes.second.empty()) writePass(visit, passes.second, declares);
}

// Every part is combined for this thread, then for the row.
void RowText::writePass(const Visit& visit, ArrayRef<Part> parts, bool declares) {
  for (const Part& part : parts) out_.line("{0}::State {1}_part = {0}::identity();", part.reduction, part.name);
  for (const int vectors : groupSizes()) {
    group_ = vectors;
    openGroup(visit.slice.operands);
    writeReduced(visit, parts);
    closeGroup();
  }
  writeFound(parts, declares);
}

// What a thread has of a group, into the states of its parts.
void RowText::writeReduced(const Visit& visit, ArrayRef<Part> parts) {
  for (const Part& part : parts) out_.line("{} {}_values[{}];", part.valueType, part.name, group_ * width_);
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", group_);
  writeColumnVectors(visit);
  out_.line("#pragma unroll");
  out_.open("for (int k = 0; k < {}; ++k) {{", width_);
  const auto element = [&](const OperandText& operand) { return fmt::format("{}.get(k)", vectorOf(operand)); };
  std::string called = call(visit, element, "column + u * step + k");
  if (visit.roots.size() > 1) {
    out_.line("const auto all = {};", called);
    called = "all";
  }
  for (const Part& part : parts) {
    std::string text = value(visit, part.root, called);
    if (!part.function.empty()) {
      text = fmt::format("{}({} - {})", part.function, text, part.subtracted);
    } else if (!part.subtracted.empty()) {
      out_.line("const {} {}_distance = {} - {};", part.valueType, part.name, text, part.subtracted);
      text = fmt::format("{0}_distance * {0}_distance", part.name);
    }
    out_.line("{}_values[u * {} + k] = {};", part.name, width_, text);
  }
  out_.close();
  out_.close();
  for (const Part& part : parts)
    out_.line("{0}({1}_part, {1}_values, elements{2});", part.add, part.name, part.takesColumn ? ", column" : "");
}

SmallVector<RowText::Reduced> RowText::reducedInFirstSweep() {
  SmallVector<Reduced> all;
  for (pw::ReduceOp reduce : body_.reductions(1))
    all.push_back({row_.at(reduce.getParts()[0]), elementOperands(body_.visit(reduce->getOperands()).operands)});
  return all;
}

std::string RowText::reductionOf(ArrayRef<Part> parts) {
  std::string reduction = parts.back().reduction;
  for (const Part& part : llvm::reverse(parts.drop_back()))
    reduction = fmt::format("Both<{}, {}>", part.reduction, reduction);
  return reduction;
}

std::string RowText::stateOf(ArrayRef<Part> parts) {
  const std::string own = parts.front().name + "_part";
  if (parts.size() == 1) return own;
  return fmt::format("{}::State{{{}, {}}}", reductionOf(parts), own, stateOf(parts.drop_front()));
}

void RowText::writeExchanges() {
  for (int sweep = 1; sweep <= body_.sweeps(); ++sweep) {
    const std::string reduction = reductionOf(passesOf(sweep, Form::OnePass, true).first);
    out_.line("__shared__ {}::State exchange{}[2][32];", reduction, sweep);
    out_.line("__shared__ ClusterExchange<{}::State> others{}[2];", reduction, sweep);
  }
  out_.open("if (blocks > 1) {{");
  out_.open("if (threadIdx.x == 0) {{");
  for (int sweep = 1; sweep <= body_.sweeps(); ++sweep)
    out_.line("others{0}[0].prepare(), others{0}[1].prepare();", sweep);
  out_.close();
  out_.line("sync_cluster();");
  out_.close();
}

std::string RowText::combined(ArrayRef<Part> parts, const std::string& state) {
  kernel_.prelude().use(isAcross()      ? Snippet::CombineAcross
                        : isClustered() ? Snippet::CombineCluster
                                        : Snippet::CombineRow);
  if (parts.size() > 1) kernel_.prelude().use(isAcross() ? Snippet::Both : Snippet::LanesOfBoth);
  const std::string reduction = reductionOf(parts);
  const int number = ++exchanges_;
  if (isClustered())
    return fmt::format("combine_cluster<{0}>({1}, exchange{2}[turn], others{2}[turn], phase)", reduction, state,
                       number);
  out_.line("__shared__ {}::State exchange{}{}[32];", reduction, number,
            isAcross()     ? fmt::format("[{}]", threads_ / 32)
            : takesTurns() ? "[2]"
                           : "");
  // What is read once is found at the end: the first thread stores it.
  if (isAcross()) return fmt::format("combine_across<{}, {}>({}, exchange{})", reduction, chunk_ == 0, state, number);
  return fmt::format("combine_row<{}>({}, exchange{}{})", reduction, state, number, takesTurns() ? "[turn]" : "");
}

void RowText::writeFound(ArrayRef<Part> parts, bool declares) {
  std::string found = combined(parts, stateOf(parts));
  if (parts.size() > 1 || parts.front().found.size() > 1 || chunk_ > 0) {
    const std::string name = fmt::format("found{}", exchanges_);
    out_.line("const {}::State {} = {};", reductionOf(parts), name, found);
    found = name;
  }
  if (chunk_ > 0) writePartial(found);
  writeValues(parts, found, declares);
}

void RowText::writeValues(ArrayRef<Part> parts, const std::string& found, bool declares) {
  std::string path = found;
  for (const Part& part : parts) {
    const bool isLast = &part == &parts.back();
    const std::string own = isLast ? path : path + ".first";
    for (const Found& value : part.found)
      out_.line("{}{} = {};", declares || value.isInner ? fmt::format("const {} ", value.type) : "", value.name,
                fmt::format(fmt::runtime(value.of), own));
    path += ".second";
  }
}

// ---- Rows that several blocks share.

void RowText::writePartialType() {
  out_.line("// What a block finds of a row that is longer than {} elements.", chunk_);
  out_.line("using Partial = {}::State;", reductionOf(passesOf(1, Form::OnePass, true).first));
  out_.raw("\n");
}

void RowText::writePartial(const std::string& found) {
  out_.open("if (geometry.columns > {}) {{", chunk_);
  out_.line("if (threadIdx.{} == 0 && is_row && first < geometry.columns)", along());
  out_.line("  partials[part * (long long)geometry.rows + row] = {};", found);
  out_.line("return;");
  out_.close();
}

void RowText::writeFold() {
  const Passes passes = passesOf(1, Form::OnePass, true);
  const std::string reduction = reductionOf(passes.first);
  out_.raw("\n");
  out_.line("// Rows that several blocks share, from what these have found, in their order.");
  kernel_.openKernel(out_, lastParameter("const "), threads_, 1, "_fold");
  writeRow();
  out_.line("const unsigned parts = (unsigned)((geometry.columns + {}) / {});", chunk_ - 1, chunk_);
  out_.line("const unsigned of_thread = (parts + blockDim.{0} - 1) / blockDim.{0};", along());
  out_.line("const unsigned first = threadIdx.{} * of_thread, last = min(parts, first + of_thread);", along());
  out_.line("const long long columns = {};", existing("geometry.columns"));
  out_.line("Partial own = {}::identity();", reduction);
  out_.line("for (unsigned part = first; part < last && is_row; ++part)");
  out_.line("  own = {}::combine(own, partials[part * (long long)geometry.rows + row]);", reduction);
  const std::string found = combined(passes.first, "own");
  out_.line("const Partial found = {};", found);
  out_.raw(stages_[0]);
  writeValues(passes.first, "found", true);
  out_.raw(stages_[1]);
  writeRowResults();
  out_.close();
}

}  // namespace gems::cuda
