// The order of lanes that Bf16Pairs.h describes.
#include "Cpu/Bf16Pairs.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace gems::cpu {
namespace {

constexpr int64_t UpperHalf = -0x10000;

bool isContiguousBf16(DType storage, Step step) { return storage == DType::BF16 && step == Step::Contiguous; }

Lanes shuffled(Lanes a, Lanes b, ArrayRef<int32_t> mask) {
  return {a.builder(), LLVM::ShuffleVectorOp::create(a.builder(), a.value(), b.value(), mask)};
}

Lanes range(Lanes x, int64_t first, int64_t count) {
  return shuffled(x, x, llvm::to_vector(llvm::seq<int32_t>(first, first + count)));
}

Lanes recast(Lanes x, int64_t count, unsigned bits) {
  ImplicitLocOpBuilder& builder = x.builder();
  return {builder, LLVM::BitcastOp::create(builder, VectorType::get({count}, builder.getIntegerType(bits)), x.value())};
}

// An operand that does not move may have any dtype, but what is widened or narrowed in the body is taken for bf16.
bool isOtherNarrowFloat(Type type) { return pw::narrowFloat(type) && !type.isBF16(); }

}  // namespace

bool canUseBf16Pairs(pw::KernelOp kernel) {
  pw::CpuLayoutAttr layout = kernel.getCpuLayoutAttr();
  size_t next = 0;
  for (auto spec : kernel.getOperandSpecs().getAsRange<pw::OperandAttr>()) {
    if (spec.getForm() != OperandForm::Tensor) continue;
    const Step step = layout.getOperands()[next++];
    if (step != Step::Broadcast && !isContiguousBf16(spec.getStorage(), step)) return false;
  }
  for (auto [spec, step] : llvm::zip_equal(kernel.getResultSpecs().getAsRange<pw::ResultAttr>(), layout.getResults()))
    if (spec.getExtent() == Extent::Column ||
        (spec.getExtent() != Extent::Row && !isContiguousBf16(spec.getStorage(), step)))
      return false;
  auto isConverted = [](Value value) {
    if (isOtherNarrowFloat(value.getType())) return false;
    return !value.getType().isBF16() ||
           llvm::all_of(value.getUsers(), [](Operation* user) { return isa<arith::ExtFOp, pw::YieldOp>(user); });
  };
  Block& body = kernel.getBody().front();
  return llvm::all_of(body.getArguments(), isConverted) && llvm::all_of(body.without_terminator(), [&](Operation& op) {
           return llvm::all_of(op.getResults(), [&](Value result) {
             return isConverted(result) && (!result.getType().isBF16() || isa<arith::TruncFOp, arith::ConstantOp>(op));
           });
         });
}

Lanes bf16PairsToF32(Lanes bits) {
  const int64_t count = bits.count();
  Lanes words = recast(bits, count / 2, 32);
  Lanes even = words << 16, odd = words & words.constant(UpperHalf);
  return shuffled(even, odd, llvm::to_vector(llvm::seq<int32_t>(0, count))).asFloat();
}

Lanes upperHalvesToBf16Pairs(Lanes words) {
  const int64_t count = words.count();
  Lanes even = recast(range(words, 0, count / 2) >> 16, count, 16);
  Lanes odd = recast(range(words, count / 2, count / 2), count, 16);
  SmallVector<int32_t> blend;
  for (int32_t i = 0; i < count; ++i) blend.push_back(i % 2 == 0 ? i : i + int32_t(count));
  return shuffled(even, odd, blend);
}

}  // namespace gems::cpu
