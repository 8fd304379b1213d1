// What the texts of rowwise kernels share. See RowText.h.
#include "Cuda/RowText.h"

#include "Cuda/ApproximationText.h"
#include "gems/compiler/tuning.h"
#include "gems/dsl/error.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {
namespace {

bool isConstant(Value value) { return value.getDefiningOp<arith::ConstantOp>() != nullptr; }

bool isCompound(pw::ReduceOp reduce) {
  return reduce.getKind() == Reduction::moments || reduce.getKind() == Reduction::exp_sum;
}

// What the parts of a reduction are called.
SmallVector<std::string> partStems(pw::ReduceOp reduce) {
  switch (reduce.getKind()) {
    case Reduction::sum:
      return {"sum"};
    case Reduction::prod:
      return {"product"};
    case Reduction::max:
    case Reduction::umax:
      return {"greatest"};
    case Reduction::min:
    case Reduction::umin:
      return {"least"};
    case Reduction::max_index:
    case Reduction::umax_index:
      return {"greatest", "place"};
    case Reduction::min_index:
    case Reduction::umin_index:
      return {"least", "place"};
    case Reduction::moments:
      return {"mean", "squares"};
    case Reduction::exp_sum:
      return {"greatest", "sum"};
  }
  return {};
}

}  // namespace

RowText::RowText(int width, int threads, int chunk, KernelText& kernel, TextWriter& out, Axis axis)
    : kernel_(kernel),
      out_(out),
      width_(width),
      threads_(threads),
      chunk_(chunk),
      axis_(axis),
      body_(kernel.kernel()),
      rowOut_(1),
      row_(rowOut_, kernel.prelude()) {
  if (!body_.results(Extent::Column).empty())
    throw Error(
        fmt::format("op '{}': a result that is summed over all rows (column_sum) has no CUDA kernel yet", kernel.op()));
}

void RowText::write() {
  planRow();
  writeFunctions();
  writeExponential();
  kernel_.writeParameterStruct(out_);
  writePlaceFunction();
  if (isGeneric()) writeColumnFunction();
  if (chunk_ > 0) writePartialType();
  kernel_.openKernel(out_, chunk_ > 0 ? "Partial* partials, const Space space" : "const Space space", threads_);
  writeRow();
  if (chunk_ > 0) {
    out_.line("// The blocks of a row share it.");
    out_.line("const unsigned part = blockIdx.z * gridDim.y + blockIdx.y;");
    out_.line("const long long first = part * {}ll;", chunk_);
    out_.line("const long long columns = {};", existing(fmt::format("min(space.columns, first + {})", chunk_)));
  } else {
    out_.line("const long long columns = {};", existing("space.columns"));
  }
  const std::string elements = width_ > 1 ? fmt::format(" * {}", width_) : "";
  out_.line("const int start = threadIdx.{0}{1}, step = blockDim.{0}{1};", along(), elements);
  writeStart();
  out_.raw(stages_[0]);
  for (int sweep = 1; sweep <= body_.sweeps(); ++sweep) {
    writeSweep(sweep);
    out_.raw(stages_[static_cast<size_t>(sweep)]);
  }
  writeRowResults();
  if (!last_.roots.empty()) writeLastVisit();
  out_.close();
  if (chunk_ > 0) writeFold();
}

// Threads behind the last row read nothing; those of a warp that exchange what they read, what the first row has.
std::string RowText::existing(const std::string& columns) const {
  return isAcross() ? columns : fmt::format("is_row ? {} : 0", columns);
}

// Which row a thread belongs to.
void RowText::writeRow() {
  out_.line("const unsigned row = blockIdx.x * blockDim.{0} + threadIdx.{0};", across());
  out_.line("// All threads of a block take part in its reductions, also those behind the last row.");
  out_.line("const bool is_row = row < space.rows;");
  out_.line("const Place at = place_of(is_row ? row : 0, space);");
}

// ---- What is known for the row.

// Names come first: functions of elements take the values of the row by the names that these have in the kernel.
void RowText::planRow() {
  Block& block = kernel_.kernel().getBody().front();
  for (auto [argument, operand] : llvm::zip(block.getArguments(), kernel_.operands()))
    if (body_.isOfRow(argument) && operand.isUsed) planOperand(argument, operand);

  for (int sweep = 1; sweep <= body_.sweeps(); ++sweep) {
    llvm::SetVector<Value> roots;
    for (pw::ReduceOp reduce : body_.reductions(sweep)) roots.insert(reduce.getOperand());
    sweeps_.push_back(makeVisit(fmt::format("sweep{}", sweep), roots.getArrayRef()));
  }
  SmallVector<Value> roots;
  for (const ResultText& result : kernel_.results())
    if (result.extent == Extent::Element) roots.push_back(kernel_.valueOf(result));
  last_ = makeVisit("element", roots);
  for (const ResultText& result : kernel_.results())
    if (result.extent == Extent::Element && roots.size() > 1) last_.fields.push_back(result.name);
  for (auto pick : block.getOps<PickOp>()) row_.keep(body_.visit(pick.getValue()).ofRow);
  for (int sweeps = 0; sweeps <= body_.sweeps(); ++sweeps) planStage(sweeps);
}

void RowText::planOperand(BlockArgument argument, const OperandText& operand) {
  const std::string raw = operand.isTensor ? fmt::format("{0}[at.{0}]", operand.name) : operand.name;
  const std::string converted = operand.converted(raw);
  std::string name = operand.name;
  if (converted != name) {
    name += "_value";
    rowOut_.line("const {} {} = {};", operand.parameterType, name, converted);
  }
  row_.bind(argument, name, operand.passAsFloat);
}

void RowText::planStage(int sweeps) {
  if (sweeps > 0)
    for (pw::ReduceOp reduce : body_.reductions(sweeps))
      for (auto [part, stem] : llvm::zip(reduce.getParts(), partStems(reduce)))
        row_.bind(part, row_.newName(stem), false);
  for (Operation* op : body_.rowOperations(sweeps)) {
    Value value = op->getResult(0);
    if (auto pick = dyn_cast<PickOp>(op)) {
      planPick(pick, rowOut_);
    } else if (isa<RowLengthOp>(op)) {
      kernel_.prelude().use(Snippet::U64);
      rowOut_.line("const u64 length = space.columns;");
      row_.bind(value, "length", false);
    } else if (isa<arith::TruncFOp>(op) && llvm::any_of(kernel_.results(), [&](const ResultText& result) {
                 return result.roundsFloat && kernel_.valueOf(result) == op->getOperand(0);
               })) {
      continue;  // rounded where it is stored
    } else {
      row_.write(*op);
    }
  }
  stages_.push_back(rowOut_.take());
}

// All threads of the row compute the value of that one element.
void RowText::planPick(PickOp pick, TextWriter& out) {
  picks_.push_back(makeVisit(fmt::format("pick{}", picks_.size()), {pick.getValue()}));
  const Visit& visit = picks_.back();
  const std::string name = row_.newName("picked"), index = row_.newName("index");
  kernel_.prelude().use(Snippet::U64);
  const std::string type(valueType(pick.getType()));
  useValueType(kernel_.prelude(), pick.getType());
  out.line("const u64 {} = {};", index, row_.at(pick.getIndex()));
  const auto element = [&](const OperandText& operand) {
    const std::string at = isScattered() ? place(operand.name, index) : index;
    return operand.extent == Extent::Element ? fmt::format("{0}[at.{0} + {1}]", operand.name, at)
                                             : fmt::format("{}[{}]", operand.name, at);
  };
  out.line("// Zero where the row has no such element.");
  out.line("const {0} {1} = {2} < (u64)columns ? {3} : {0}{{}};", type, name, index,
           value(visit, 0, call(visit, element, index)));
  row_.bind(pick.getResult(), name, false);
  const bool isLast = body_.knownAfter(pick.getResult()) == body_.sweeps();
  if (isLast && !last_.roots.empty()) {
    out.line("// The element may be in a result's place.");
    out.line("__syncthreads();");
  }
}

RowText::Visit RowText::makeVisit(std::string name, ArrayRef<Value> roots) {
  Visit visit{.function = {}, .slice = body_.visit(roots), .roots = llvm::to_vector(roots), .fields = {}};
  row_.keep(visit.slice.ofRow);
  const bool isPlain = roots.size() == 1 && llvm::all_of(visit.slice.operations, [&](Operation* op) {
                         auto argument =
                             op->getNumOperands() == 1 ? dyn_cast<BlockArgument>(op->getOperand(0)) : BlockArgument();
                         return isa<arith::ExtFOp>(op) && argument && operandOf(argument).passAsFloat;
                       });
  if (!isPlain || visit.slice.operands.empty()) visit.function = fmt::format("{}_{}", kernel_.op(), name);
  return visit;
}

// ---- Functions before the kernel.

void RowText::writeFunctions() {
  for (const Visit& visit : sweeps_) writeFunction(visit);
  for (const Visit& visit : picks_) writeFunction(visit);
  if (!last_.roots.empty()) writeFunction(last_);
}

void RowText::writeFunction(const Visit& visit) {
  if (visit.function.empty()) return;
  const bool isLast = &visit == &last_;
  std::string type(valueType(visit.roots.front().getType()));
  const bool isSingle = visit.roots.size() == 1;
  if (!isSingle) {
    type = isLast ? "Results" : "Values" + StringRef(visit.function).split("_sweep").second.str();
    out_.open("struct {} {{", type);
    for (auto [root, i] : llvm::zip(visit.roots, llvm::seq(visit.roots.size())))
      out_.line("{} {};", valueType(root.getType()), isLast ? visit.fields[i] : fmt::format("value{}", i));
    out_.close("};");
    out_.raw("\n");
  }
  BodyText body(out_, kernel_.prelude(), row_.counts());
  std::string parameters;
  const auto add = [&](std::string_view valueType, const std::string& name) {
    parameters += fmt::format("{}{} {}", parameters.empty() ? "" : ", ", valueType, name);
  };
  for (BlockArgument argument : visit.slice.operands) {
    const OperandText& operand = operandOf(argument);
    add(operand.parameterType, operand.name);
    body.bind(argument, operand.name, operand.passAsFloat);
  }
  for (Value value : visit.slice.ofRow) {
    if (isConstant(value)) continue;
    auto argument = dyn_cast<BlockArgument>(value);
    const bool asFloat = argument && operandOf(argument).passAsFloat;
    add(argument ? operandOf(argument).parameterType : std::string(valueType(value.getType())), row_.at(value));
    body.bind(value, row_.at(value), asFloat);
  }
  for (Operation* op : visit.slice.operations)
    if (isa<RowIndexOp>(op)) {
      kernel_.prelude().use(Snippet::U64);
      add("u64", "index");
      body.bind(op->getResult(0), "index", false);
    }
  out_.line("// {}", isLast ? "One element of the results."
                     : StringRef(visit.function).contains("_pick")
                         ? "An element that is picked."
                         : "What a sweep over the row reduces, of one element.");
  out_.open("__device__ __forceinline__ {} {}({}) {{", type, visit.function, parameters);
  for (Value value : visit.slice.ofRow)
    if (isConstant(value)) body.write(*value.getDefiningOp());
  for (Operation* op : visit.slice.operations)
    if (!isa<RowIndexOp>(op)) body.write(*op);
  SmallVector<std::string> values;
  if (isLast) {
    for (const ResultText& result : kernel_.results())
      if (result.extent == Extent::Element) values.push_back(kernel_.resultValue(body, result));
  } else {
    for (Value root : visit.roots) values.push_back(body.at(root));
  }
  for (Value root : visit.roots) useValueType(kernel_.prelude(), root.getType());
  out_.line("return {};", isSingle ? values.front() : fmt::format("{{{}}}", fmt::join(values, ", ")));
  out_.close();
  out_.raw("\n");
}

std::string RowText::call(const Visit& visit, llvm::function_ref<std::string(const OperandText&)> element,
                          const std::string& index) {
  SmallVector<std::string> arguments;
  for (BlockArgument argument : visit.slice.operands) {
    const OperandText& operand = operandOf(argument);
    arguments.push_back(operand.converted(element(operand)));
  }
  if (visit.function.empty()) return arguments.front();
  for (Value value : visit.slice.ofRow)
    if (!isConstant(value)) arguments.push_back(row_.at(value));
  if (llvm::any_of(visit.slice.operations, llvm::IsaPred<RowIndexOp>)) arguments.push_back(index);
  return fmt::format("{}({})", visit.function, fmt::join(arguments, ", "));
}

std::string RowText::value(const Visit& visit, unsigned root, const std::string& call) const {
  return visit.roots.size() == 1 ? call : fmt::format("{}.value{}", call, root);
}

// Where a row begins in each tensor that varies from row to row.
void RowText::writePlaceFunction() {
  const int rank = kernel_.rank(), first = isGeneric() ? rank / 2 : 1;
  SmallVector<std::string> flat, coordinates, names;
  const auto forEach = [&](auto f) {
    for (const OperandText& operand : kernel_.operands())
      if (operand.isTensor && operand.isUsed && varies_along_rows(operand.extent)) f(operand);
    for (const ResultText& result : kernel_.results()) f(result);
  };
  SmallVector<std::string> at;
  for (int dim = first; dim < rank; ++dim) at.push_back(fmt::format("at{}", dim));
  forEach([&](const auto& tensor) {
    names.push_back(tensor.name);
    flat.push_back(kernel_.offset(tensor, {"row"}, first));
    coordinates.push_back(kernel_.offset(tensor, at, first));
  });
  out_.line("// Where a row begins in each tensor. Only more than one kept dimension costs divisions.");
  out_.open("struct Place {{");
  for (const std::string& name : names) out_.line("long long {};", name);
  out_.close("};");
  out_.raw("\n");
  out_.open("__device__ __forceinline__ Place place_of(unsigned row, const Space& space) {{");
  out_.line("if (space.size{}.divisor >= space.rows) return {{{}}};", first, fmt::join(flat, ", "));
  std::string left = "row";
  for (int dim = first; dim + 1 < rank; ++dim) {
    const std::string next = dim + 2 < rank ? fmt::format("left{}", dim + 1) : fmt::format("at{}", dim + 1);
    out_.line("unsigned at{};", dim);
    out_.line("const unsigned {} = divide({}, space.size{}, at{});", next, left, dim, dim);
    left = next;
  }
  out_.line("return {{{}}};", fmt::join(coordinates, ", "));
  out_.close();
  out_.raw("\n");
}

// Where an element of a row is in each tensor that varies along it.
void RowText::writeColumnFunction() {
  const int reduced = kernel_.rank() / 2;
  SmallVector<std::string> flat, coordinates, names, at;
  for (int dim = 0; dim < reduced; ++dim) at.push_back(fmt::format("at{}", dim));
  const auto add = [&](const auto& tensor) {
    names.push_back(tensor.name);
    flat.push_back(kernel_.offset(tensor, {"column"}));
    coordinates.push_back(kernel_.offset(tensor, at));
  };
  for (const OperandText& operand : kernel_.operands())
    if (operand.isTensor && operand.isUsed && varies_along_columns(operand.extent)) add(operand);
  for (const ResultText& result : kernel_.results())
    if (result.extent == Extent::Element) add(result);
  out_.line("// Where an element of a row is in each tensor, from the beginning of the row.");
  out_.open("struct Column {{");
  for (const std::string& name : names) out_.line("long long {};", name);
  out_.close("};");
  out_.raw("\n");
  out_.open("__device__ __forceinline__ Column column_of(long long column, const Space& space) {{");
  out_.line("if (column < space.size0) return {{{}}};", fmt::join(flat, ", "));
  std::string left = "column";
  for (int dim = 0; dim + 1 < reduced; ++dim) {
    const std::string next = dim + 2 < reduced ? fmt::format("left{}", dim + 1) : fmt::format("at{}", dim + 1);
    out_.line("const long long {0} = {1} / space.size{2}, at{2} = {1} - {0} * space.size{2};", next, left, dim);
    left = next;
  }
  out_.line("return {{{}}};", fmt::join(coordinates, ", "));
  out_.close();
  out_.raw("\n");
}

std::string RowText::exponential(pw::ReduceOp reduce) const {
  if (reduce.getApproximate()) return approximationName(Approximation::exp);
  return reduce.getOperand().getType().isF64() ? "exp" : "expf";
}

// The function of ExpSum, which the parts of a row are combined with.
void RowText::writeExponential() {
  if (form() == Form::TwoPasses) return;
  std::map<std::string, std::string> functions;  // by type
  for (int sweep = 1; sweep <= body_.sweeps(); ++sweep)
    for (pw::ReduceOp reduce : body_.reductions(sweep))
      if (reduce.getKind() == Reduction::exp_sum)
        functions[std::string(valueType(reduce.getOperand().getType()))] = exponential(reduce);
  if (functions.empty()) return;
  out_.open("struct Exp {{");
  for (const auto& [type, function] : functions)
    out_.line("static __device__ __forceinline__ {0} exp({0} x) {{ return {1}{2}(x); }}", type,
              function == "exp" ? "::" : "", function);
  out_.close("};");
  out_.raw("\n");
}

// ---- Loads.

SmallVector<const OperandText*> RowText::elementOperands(ArrayRef<BlockArgument> operands) const {
  SmallVector<const OperandText*> found;
  for (BlockArgument argument : operands)
    if (operandOf(argument).extent == Extent::Element) found.push_back(&operandOf(argument));
  return found;
}

SmallVector<const OperandText*> RowText::elementOperands() const {
  SmallVector<const OperandText*> found;
  for (const OperandText& operand : kernel_.operands()) {
    const auto number = static_cast<unsigned>(&operand - kernel_.operands().data());
    const auto isRead = [&](const Visit& visit) {
      return llvm::any_of(visit.slice.operands,
                          [&](BlockArgument argument) { return argument.getArgNumber() == number; });
    };
    if (operand.extent == Extent::Element && operand.isTensor && (llvm::any_of(sweeps_, isRead) || isRead(last_)))
      found.push_back(&operand);
  }
  return found;
}

std::string RowText::elementsType() {
  kernel_.prelude().use(Snippet::Elements);
  return fmt::format("Elements<{}, {}>", width_, kernel_.isAligned());
}

std::string RowText::place(const std::string& tensor, const std::string& index) const {
  return isGeneric() ? fmt::format("column_of({}, space).{}", index, tensor)
                     : fmt::format("({}) * space.{}_stride0", index, tensor);
}

void RowText::writeLoads(ArrayRef<const OperandText*> operands, int count, const std::string& column) {
  if (operands.empty()) return;
  if (isAcross()) return writeAcrossLoads(operands, count, column);
  const auto element = [&](const OperandText& operand) {
    return fmt::format("{0} + at.{0} + {1} + u * step", operand.name, column);
  };
  for (const OperandText* operand : operands) {
    kernel_.prelude().use(Snippet::Vec);
    out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, count);
    if (isShifted(operand->storage)) {
      kernel_.prelude().use(Snippet::ShiftedRow);
      out_.line("load_shifted({0}_vec, {0} + at.{0}, (int)columns);", operand->name);
    } else if (!isGeneric() && !kernel_.isAligned()) {
      out_.line("{} {}_run[{}];", kernel_.runType(*operand), operand->name, count);
    }
  }
  SmallVector<const OperandText*> others;
  for (const OperandText* operand : operands)
    if (!isShifted(operand->storage)) others.push_back(operand);
  if (others.empty()) return;
  operands = others;
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  if (isGeneric()) {
    for (const OperandText* operand : operands) out_.line("{}_vec[u] = {{}};", operand->name);
    out_.line("#pragma unroll");
    out_.open("for (int k = 0; k < {}; ++k) {{", width_);
    out_.line("if (u * step + k >= left) break;");
    out_.line("const Column to = column_of({} + u * step + k, space);", column);
    for (const OperandText* operand : operands) out_.line("{0}_vec[u].put(k, {0}[at.{0} + to.{0}]);", operand->name);
    out_.close();
  } else if (kernel_.isAligned()) {
    for (const OperandText* operand : operands) {
      out_.line("{}_vec[u] = {{}};", operand->name);
      out_.line("if (u * step < left) {}_vec[u] = {};", operand->name, kernel_.loadVector(*operand, element(*operand)));
    }
  } else {
    for (const OperandText* operand : operands) {
      out_.line("{}_run[u].gathered = {{}};", operand->name);
      out_.line("if (u * step < left) {}_run[u].load({}, 1, 0, left - u * step);", operand->name, element(*operand));
    }
  }
  out_.close();
  if (isGeneric() || kernel_.isAligned()) return;
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands) out_.line("{0}_vec[u] = {0}_run[u].vec();", operand->name);
  out_.close();
}

// All elements of the group, as most have; else one by one.
void RowText::writeAcrossLoads(ArrayRef<const OperandText*> operands, int count, const std::string& column) {
  kernel_.prelude().use(Snippet::LoadAcross);
  kernel_.prelude().use(Snippet::AcrossWords);
  for (const OperandText* operand : operands)
    out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, count);
  const auto element = [&](const OperandText& operand, std::string_view k) {
    return fmt::format("{0} + at.{0} + ({1} + u * step{2}) * space.{0}_stride0", operand.name, column, k);
  };
  out_.open("if (left >= {} * step + {}) {{", count - 1, width_);
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands)
    out_.line("{0}_vec[u] = load_across({1}, space.{0}_stride0, {0}_words);", operand->name, element(*operand, ""));
  out_.close();
  out_.close();
  out_.open("else {{");
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands) {
    out_.line("{}_vec[u] = {{}};", operand->name);
    out_.line("#pragma unroll");
    out_.line("for (int k = 0; k < {}; ++k)", width_);
    out_.line("  if (u * step + k < left) {}_vec[u].put(k, *({}));", operand->name, element(*operand, " + k"));
  }
  out_.close();
  out_.close();
}

// Those of column extent: the rows of a grid share them, in the second-level cache.
void RowText::writeColumnVectors(const Visit& visit) {
  for (BlockArgument argument : visit.slice.operands) {
    const OperandText& operand = operandOf(argument);
    if (operand.extent != Extent::Column) continue;
    const std::string type = kernel_.vectorType(operand.storage);
    if (isScattered()) {
      kernel_.prelude().use(Snippet::Vec);
      out_.line("{} {}_vec = {{}};", type, operand.name);
      out_.line("#pragma unroll");
      out_.line("for (int k = 0; k < {0}; ++k)", width_);
      out_.line("  if (elements.has(u * {0} + k)) {1}_vec.put(k, {1}[{2}]);", width_, operand.name,
                place(operand.name, "column + u * step + k"));
    } else if (kernel_.isAligned()) {
      out_.line("{} {}_vec = {{}};", type, operand.name);
      out_.line("if (elements.has(u * {})) {}_vec = {};", width_, operand.name,
                kernel_.loadVector(operand, operand.name + " + column + u * step"));
    } else {
      out_.line("{} {}_run;", kernel_.runType(operand), operand.name);
      out_.line("{}_run.gathered = {{}};", operand.name);
      out_.line("if (elements.has(u * {0})) {1}_run.load({1} + column + u * step, 1, 0, elements.left - u * step);",
                width_, operand.name);
      out_.line("const {} {}_vec = {}_run.vec();", type, operand.name, operand.name);
    }
  }
}

// ---- Sweeps.

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
        prelude.use(Snippet::Moments);
        const std::string reduction = fmt::format("Moments<{}>", type);
        return passes.first.push_back(compound(reduction, reduction + "::mean_of({})", "{}.squares"));
      }
      passes.first.push_back(plain("Sum", type, name + "_sum", root, true));
      passes.between.push_back(
          fmt::format("{0}{1} = {1}_sum / space.columns;", declares ? fmt::format("const {} ", type) : "", name));
      passes.second.push_back(plain("Sum", type, second, root));
      passes.second.back().subtracted = name;
      return;
    }
    case Reduction::exp_sum: {
      if (form == Form::OnePass) {
        prelude.use(Snippet::ExpSum);
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
  openGroup(visit.slice.operands);
  for (const Part& part : parts) out_.line("{} {}_values[{}];", part.valueType, part.name, tuning::RowGroup * width_);
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", tuning::RowGroup);
  writeColumnVectors(visit);
  out_.line("#pragma unroll");
  out_.open("for (int k = 0; k < {}; ++k) {{", width_);
  const auto element = [&](const OperandText& operand) {
    return fmt::format("{}.get(k)", operand.extent == Extent::Column ? operand.name + "_vec" : vector(operand));
  };
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
  closeGroup();
  writeFound(parts, declares);
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

std::string RowText::combined(ArrayRef<Part> parts, const std::string& state) {
  kernel_.prelude().use(isAcross() ? Snippet::CombineAcross : Snippet::CombineRow);
  if (parts.size() > 1) kernel_.prelude().use(Snippet::Both);
  const std::string reduction = reductionOf(parts);
  const int number = ++exchanges_;
  out_.line("__shared__ {}::State exchange{}{}[32];", reduction, number,
            isAcross() ? fmt::format("[{}]", threads_ / 32) : "");
  return fmt::format("combine_{}<{}>({}, exchange{})", isAcross() ? "across" : "row", reduction, state, number);
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
  out_.open("if (space.columns > {}) {{", chunk_);
  out_.line("if (threadIdx.{} == 0 && is_row && first < space.columns)", along());
  out_.line("  partials[part * (long long)space.rows + row] = {};", found);
  out_.line("return;");
  out_.close();
}

void RowText::writeFold() {
  const Passes passes = passesOf(1, Form::OnePass, true);
  const std::string reduction = reductionOf(passes.first);
  out_.raw("\n");
  out_.line("// Rows that several blocks share, from what these have found, in their order.");
  kernel_.openKernel(out_, "const Partial* partials, const Space space", threads_, 1, "_fold");
  writeRow();
  out_.line("const unsigned parts = (unsigned)((space.columns + {}) / {});", chunk_ - 1, chunk_);
  out_.line("const unsigned of_thread = (parts + blockDim.{0} - 1) / blockDim.{0};", along());
  out_.line("const unsigned first = threadIdx.{} * of_thread, last = min(parts, first + of_thread);", along());
  out_.line("Partial own = {}::identity();", reduction);
  out_.line("for (unsigned part = first; part < last && is_row; ++part)");
  out_.line("  own = {}::combine(own, partials[part * (long long)space.rows + row]);", reduction);
  const std::string found = combined(passes.first, "own");
  out_.line("const Partial found = {};", found);
  out_.raw(stages_[0]);
  writeValues(passes.first, "found", true);
  out_.raw(stages_[1]);
  writeRowResults();
  out_.close();
}

// ---- Results.

void RowText::writeRowResults() {
  SmallVector<const ResultText*> results;
  for (const ResultText& result : kernel_.results())
    if (result.extent == Extent::Row) results.push_back(&result);
  if (results.empty()) return;
  out_.open("if (threadIdx.{} == 0 && is_row) {{", along());
  for (const ResultText* result : results) {
    if (result->roundsFloat) use_rounding(kernel_.prelude(), result->storage);
    out_.line("{0}[at.{0}] = {1};", result->name, result->converted(kernel_.resultValue(row_, *result)));
  }
  out_.close();
}

void RowText::writeLastVisit() {
  SmallVector<const ResultText*> results;
  for (const ResultText& result : kernel_.results())
    if (result.extent == Extent::Element) results.push_back(&result);
  openGroup(last_.slice.operands);
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", tuning::RowGroup);
  const auto shifts = [&](const ResultText* result) { return isShifted(result->storage); };
  if (llvm::none_of(results, shifts)) out_.line("if (!elements.has(u * {})) break;", width_);
  writeColumnVectors(last_);
  if (!isScattered())
    for (const ResultText* result : results) kernel_.declareResultVector(out_, *result);
  out_.line("#pragma unroll");
  out_.open("for (int k = 0; k < {}; ++k) {{", width_);
  if (isGeneric()) {
    out_.line("if (!elements.has(u * {} + k)) break;", width_);
    out_.line("const Column to = column_of(column + u * step + k, space);");
  }
  if (isAcross()) out_.line("if (!elements.has(u * {} + k) || !is_row) continue;", width_);
  const auto element = [&](const OperandText& operand) {
    return fmt::format("{}.get(k)", operand.extent == Extent::Column ? operand.name + "_vec" : vector(operand));
  };
  std::string called = call(last_, element, "column + u * step + k");
  if (results.size() > 1) {
    out_.line("const Results values = {};", called);
    called = "values";
  }
  for (const ResultText* result : results) {
    const std::string value = results.size() > 1 ? "values." + result->name : called;
    const bool isPacked = result->isPacked() && width_ > 1 && !isScattered();
    if (result->roundsFloat && !isPacked) use_rounding(kernel_.prelude(), result->storage);
    const std::string stored = isPacked ? value : result->converted(value);
    if (isGeneric())
      out_.line("{0}[at.{0} + to.{0}] = {1};", result->name, stored);
    else if (isAcross())
      out_.line("{0}[at.{0} + {1}] = {2};", result->name, place(result->name, "column + u * step + k"), stored);
    else
      out_.line("{};", kernel_.putElement(*result, stored));
  }
  out_.close();
  if (!isScattered())
    for (const ResultText* result : results) {
      const std::string address = fmt::format("{0} + at.{0} + column + u * step", result->name);
      if (isShifted(result->storage)) {
        kernel_.prelude().use(Snippet::ShiftedRow);
        out_.line("store_shifted({}, {}, elements.left - u * step);", address, kernel_.storedVector(*result));
      } else if (kernel_.isAligned()) {
        kernel_.storeVector(out_, *result, address, "", "");
      } else {
        kernel_.storeVector(out_, *result, address, "0", "elements.left - u * step");
      }
    }
  out_.close();
  closeGroup();
}

}  // namespace gems::cuda
