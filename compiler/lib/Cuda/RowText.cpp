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

RowText::RowText(int width, int threads, int chunk, KernelText& kernel, TextWriter& out, Axis axis, bool isPersistent)
    : kernel_(kernel),
      out_(out),
      width_(width),
      threads_(threads),
      chunk_(chunk),
      axis_(axis),
      body_(kernel.kernel()),
      isPersistent_(isPersistent || !body_.results(Extent::Column).empty()),
      rowOut_(isPersistent_ ? 2 : 1),
      row_(rowOut_, kernel.prelude()) {
  for (const ResultText& result : kernel.results())
    if (result.extent == Extent::Column) sums_.push_back(&result);
  if (walksRows() && isAcross())
    throw Error(
        fmt::format("op '{}': layout 'columns' has no kernel of a result that is summed over all rows (column_sum); "
                    "take 'row_generic'",
                    kernel.op()));
}

void RowText::write() {
  planRow();
  writeFunctions();
  writeExponential();
  kernel_.writeParameterStruct(out_);
  writeOffsetsFunction();
  if (isGeneric()) writeColumnFunction();
  if (chunk_ > 0) writePartialType();
  if (walksRows()) writeSumsType();
  kernel_.openKernel(out_, lastParameter(""), threads_, minBlocks());
  if (isPersistent()) {
    writeStep();
    writeBeforeRows();
    if (takesTurns()) out_.line("int turn = 0;");
    openRows();
  }
  writeRow();
  writeColumns();
  if (!isPersistent()) writeStep();
  writeStart();
  out_.raw(stages_[0]);
  for (int sweep = 1; sweep <= body_.sweeps(); ++sweep) {
    writeSweep(sweep);
    out_.raw(stages_[static_cast<size_t>(sweep)]);
  }
  writeRowResults();
  if (!last_.roots.empty()) writeLastVisit();
  if (isPersistent()) {
    if (takesTurns()) out_.line("turn ^= 1;");
    closeRows();
  }
  if (walksRows()) writeSums();
  out_.close();
  if (chunk_ > 0) writeFold();
  if (walksRows()) writeSumsFold();
}

void RowText::writeStep() {
  const std::string elements = width_ > 1 ? fmt::format(" * {}", width_) : "";
  out_.line("const int start = threadIdx.{0}{1}, step = blockDim.{0}{1};", along(), elements);
}

std::string RowText::lastParameter(std::string_view access) const {
  const std::string memory = chunk_ > 0    ? fmt::format("{}Partial* partials, ", access)
                             : walksRows() ? "char* scratch, "
                                           : "";
  return memory + "const Geometry geometry";
}

// Threads behind the last row read nothing; those of a warp that exchange what they read, what the first row has.
std::string RowText::existing(const std::string& columns) const {
  return isAcross() ? columns : fmt::format("is_row ? {} : 0", columns);
}

void RowText::openRows() {
  out_.open(
      "for (unsigned first = blockIdx.x * blockDim.{0}; first < geometry.rows; first += gridDim.x * blockDim.{0}) {{",
      across());
}

void RowText::writeRow() {
  if (walksRows())
    out_.line("const unsigned row = first + threadIdx.{};", across());
  else
    out_.line("const unsigned row = blockIdx.x * blockDim.{0} + threadIdx.{0};", across());
  out_.line("// All threads of a block take part in its reductions, also those behind the last row.");
  writeRowFacts();
}

void RowText::writeColumns() {
  if (chunk_ == 0) return out_.line("const long long columns = {};", existing("geometry.columns"));
  out_.line("// The blocks of a row share it.");
  out_.line("const unsigned part = blockIdx.z * gridDim.y + blockIdx.y;");
  out_.line("const long long first = part * {}ll;", chunk_);
  out_.line("const long long columns = {};", existing(fmt::format("min(geometry.columns, first + {})", chunk_)));
}

void RowText::writeRowFacts() {
  out_.line("const bool is_row = row < geometry.rows;");
  out_.line("const Offsets offsets = offsets_of(is_row ? row : 0, geometry);");
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
    if (varies_along_columns(result.extent)) roots.push_back(kernel_.valueOf(result));
  last_ = makeVisit("element", roots);
  for (const ResultText& result : kernel_.results())
    if (varies_along_columns(result.extent) && roots.size() > 1) last_.fields.push_back(result.name);
  for (auto pick : block.getOps<PickOp>()) row_.keep(body_.visit(pick.getValue()).ofRow);
  for (int sweeps = 0; sweeps <= body_.sweeps(); ++sweeps) planStage(sweeps);
}

void RowText::planOperand(BlockArgument argument, const OperandText& operand) {
  const bool isAhead = holdsColumns() && operand.extent == Extent::Row;
  const std::string raw = isAhead            ? operand.name + "_row"
                          : operand.isTensor ? fmt::format("{0}[offsets.{0}]", operand.name)
                                             : operand.name;
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
      rowOut_.line("const u64 length = geometry.columns;");
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
    const std::string at = isScattered() ? offsetAlong(operand.name, index) : index;
    return operand.extent == Extent::Element ? fmt::format("{0}[offsets.{0} + {1}]", operand.name, at)
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
      if (varies_along_columns(result.extent)) values.push_back(kernel_.resultValue(body, result));
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
void RowText::writeOffsetsFunction() {
  const int rank = kernel_.rank(), first = isGeneric() ? rank / 2 : 1;
  SmallVector<std::string> flat, coordinates, names;
  const auto forEach = [&](auto f) {
    for (const OperandText& operand : kernel_.operands())
      if (operand.isTensor && operand.isUsed && varies_along_rows(operand.extent)) f(operand);
    for (const ResultText& result : kernel_.results())
      if (varies_along_rows(result.extent)) f(result);
  };
  SmallVector<std::string> at;
  for (int dim = first; dim < rank; ++dim) at.push_back(fmt::format("at{}", dim));
  forEach([&](const auto& tensor) {
    names.push_back(tensor.name);
    flat.push_back(kernel_.offset(tensor, {"row"}, first));
    coordinates.push_back(kernel_.offset(tensor, at, first));
  });
  out_.line("// Where a row begins in each tensor. Only more than one kept dimension costs divisions.");
  out_.open("struct Offsets {{");
  for (const std::string& name : names) out_.line("long long {};", name);
  out_.close("};");
  out_.raw("\n");
  out_.open("__device__ __forceinline__ Offsets offsets_of(unsigned row, const Geometry& geometry) {{");
  out_.line("if (geometry.size{}.divisor >= geometry.rows) return {{{}}};", first, fmt::join(flat, ", "));
  std::string left = "row";
  for (int dim = first; dim + 1 < rank; ++dim) {
    const std::string next = dim + 2 < rank ? fmt::format("left{}", dim + 1) : fmt::format("at{}", dim + 1);
    out_.line("unsigned at{};", dim);
    out_.line("const unsigned {} = divide({}, geometry.size{}, at{});", next, left, dim, dim);
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
    if (varies_along_columns(result.extent)) add(result);
  out_.line("// Where an element of a row is in each tensor, from the beginning of the row.");
  out_.open("struct Column {{");
  for (const std::string& name : names) out_.line("long long {};", name);
  out_.close("};");
  out_.raw("\n");
  out_.open("__device__ __forceinline__ Column column_of(long long column, const Geometry& geometry) {{");
  out_.line("if (column < geometry.size0) return {{{}}};", fmt::join(flat, ", "));
  std::string left = "column";
  for (int dim = 0; dim + 1 < reduced; ++dim) {
    const std::string next = dim + 2 < reduced ? fmt::format("left{}", dim + 1) : fmt::format("at{}", dim + 1);
    out_.line("const long long {0} = {1} / geometry.size{2}, at{2} = {1} - {0} * geometry.size{2};", next, left, dim);
    left = next;
  }
  out_.line("return {{{}}};", fmt::join(coordinates, ", "));
  out_.close();
  out_.raw("\n");
}

std::string RowText::exponential(pw::ReduceOp reduce) const {
  if (reduce.getApproximate()) {
    kernel_.prelude().use(Snippet::ExpTerm);
    return "approx_exp_term";
  }
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

}  // namespace gems::cuda
