// Sums over all rows: terms are added to those of a part of the rows, and the parts are added up in their order. See
// RowFunction.h.
#include "Cpu/RowFunction.h"
#include "Scalar/Cast.h"
#include "gems/compiler/cpu.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace gems::cpu {

Place RowFunction::placeOfSum(const RowField& field, Value part, Value column) {
  Value pitch =
      times(LLVM::UDivOp::create(at_, plus(length_, number(SumsPitch - 1)), number(SumsPitch)), number(SumsPitch));
  Value offset = plus(times(plus(times(part, number(sumBytes_)), number(field.offset)), pitch),
                      times(column, number(field.type.sizeBytes())));
  return {.base = advanced(at_, sums_, offset), .step = Step::Contiguous, .strideBytes = {}};
}

Parts RowFunction::added(const Parts& a, const Parts& b) {
  Parts sum;
  for (auto [x, y] : llvm::zip_equal(a, b)) {
    Type element = cast<VectorType>(x.getType()).getElementType();
    if (isa<FloatType>(element))
      sum.push_back(arith::AddFOp::create(at_, x, y));
    else if (element.isInteger(1))
      sum.push_back(arith::OrIOp::create(at_, x, y));
    else
      sum.push_back(arith::AddIOp::create(at_, x, y));
  }
  return sum;
}

// The sums of the last vector of a row reach into what their number is rounded up by.
void RowFunction::addTerms(VectorBody& body, Value column) {
  for (const auto& [result, field] : sumFields_) {
    Place place = placeOfSum(field, number(0), column);
    Parts sum = loadLanes(at_, field.type, place, lanes_);
    storeLanes(at_, field.type, place, added(sum, body.at(kernel_.getYield().getValues()[result])));
  }
}

void RowFunction::foldSums() {
  if (sumFields_.empty()) return;
  pw::YieldOp yield = kernel_.getYield();
  for (const auto& entry : sumFields_) {
    const auto [result, field] = entry;
    Value yielded = yield.getValues()[result];
    // The conversion to the dtype in memory, as operations of the body.
    ImplicitLocOpBuilder scalar(kernel_.getLoc(), yield);
    Operation* before = yield->getPrevNode();
    const pw::ResultAttr spec = kernel_.resultSpec(result);
    Value converted = pw::buildCast(scalar, yielded, pw::yieldedDType(spec), spec.getStorage());
    ElementType stored(converted.getType());
    Value base = dataOf(tensorOfResult(result));
    forLoop(at_, number(0), count_, number(lanes_), [&](Value column) {
      auto sumsOf = [&](Value part) {
        return loadLanes(at_, field.type, placeOfSum(field, part, plus(begin_, column)), lanes_);
      };
      Parts zero;
      for (int64_t part = 0; part < field.type.parts; ++part)
        zero.push_back(
            arith::ConstantOp::create(at_, at_.getZeroAttr(VectorType::get({lanes_}, field.type.inRegister))));
      Values sum = forLoop(at_, number(0), pieces_, number(1), ValueRange(zero), [&](Value part, ValueRange now) {
        Parts sums = added(Parts(now.begin(), now.end()), sumsOf(part));
        return Values(sums.begin(), sums.end());
      });
      VectorBody body(lanes_, false, unit_);
      body.bind(yielded, Parts(sum.begin(), sum.end()));
      for (Operation* op = before ? before->getNextNode() : &kernel_.getBody().front().front(); op != yield;
           op = op->getNextNode())
        body.build(*op, at_);
      Value address = advanced(at_, base, times(column, number(stored.sizeBytes())));
      Value left = LLVM::SubOp::create(at_, count_, column);
      Value isPart = isLess(left, number(lanes_));
      Value to = LLVM::SelectOp::create(at_, isPart, buffer(stored, lanes_), address);
      storeLanes(at_, stored, {.base = to, .step = Step::Contiguous, .strideBytes = {}}, body.at(converted));
      ifThen(at_, isPart,
             [&] { LLVM::MemcpyOp::create(at_, address, to, times(left, number(stored.sizeBytes())), false); });
    });
  }
}

}  // namespace gems::cpu
