// serve(): one call on at::Tensors through an op, or the reason why ATen should do it. The low-level entry that call()
// and the overrides are made of.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>
#include <c10/util/FunctionRef.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "gems/aten/decline.h"
#include "gems/dsl/op.h"

namespace gems::aten {

// What a call passes at one operand position. A view: the tensor or number must outlive the call.
struct CallArgument {
  enum class Kind : std::uint8_t { Tensor, Number, Flag, Absent };
  Kind kind = Kind::Tensor;
  const at::Tensor* tensor = nullptr;
  const at::Scalar* number = nullptr;
  FlagValue flag;

  CallArgument() = default;
  explicit CallArgument(const at::Tensor& value) : kind(Kind::Tensor), tensor(&value) {}
  explicit CallArgument(const at::Scalar& value) : kind(Kind::Number), number(&value) {}
  explicit CallArgument(FlagValue value) : kind(Kind::Flag), flag(value) {}
  // At an operand that is optional.
  static CallArgument absent() {
    CallArgument argument;
    argument.kind = Kind::Absent;
    return argument;
  }
};

// Where an ATen overload departs from what TensorIterator and the op's promotion alone would give.
struct CallRules {
  bool contiguous_result = false;  // the functional form returns a contiguous tensor whatever the inputs' layout
  // ATen allocates the result by empty_like: it has the memory format of the first argument.
  bool preserves_format_if_complex = false;
  bool preserves_format_if_integral = false;
  bool reads_complex_parts = false;        // real and imaginary part are read as two tensors, with twice the strides
  bool checks_zero_divisor = false;        // ATen's own ways with zero: raises for integers, NaN for complex on CUDA
  bool rejects_negative_exponent = false;  // ATen raises on a negative integer number as exponent of an integer tensor
  bool wraps_numbers = false;  // ATen wraps Scalar arguments into 0-dim tensors, operands of TensorIterator like others
  bool numbers_must_fit = false;   // ATen raises when a Scalar does not fit the computation dtype
  bool disjoint_results = false;   // given results share memory but no element: parts of one tensor
  bool expands_to_result = false;  // the arguments may broadcast to a given result that is larger
  std::int8_t layout_leader = -1;  // position of an argument whose layout counts before those of the others
};

// The dtypes of the results of a call, as many as it has.
using ResultTypes = std::array<at::ScalarType, MaxResults>;

// Runs ATen's own kernel for the call on small tensors (probe_tensor_like, probe_rows_like) and returns the dtypes of
// the results; throws what ATen throws. Asked once per combination of dtypes, and of a rowwise op's dimensions: what
// ATen refuses, we never serve.
using AtenProbe = c10::function_ref<ResultTypes()>;

// A tensor of one element, or of two for more than one, with the dtype, device and priority in promotion (0-dim,
// wrapped number) of another.
at::Tensor probe_tensor_like(const at::Tensor& tensor);

// A tensor of the same rank, dtype and device as another, of sizes up to probe_size().
at::Tensor probe_rows_like(const at::Tensor& tensor);
constexpr std::int64_t probe_size(std::int64_t size) { return size < 2 ? size : 2; }

// Of a call of a rowwise op: which dimensions of its elements are reduced, one bit for each, outermost first; and
// whether results of row extent keep them, with size 1. The elements have the shape that the Tensor operands broadcast
// to. A Row (Column) operand has that rank, with size 1 where it does not vary, or has the kept (reduced) dimensions
// only.
struct RowDims {
  std::uint64_t reduced = 0;
  bool keepdim = false;
};

struct Request {
  const OpDef* op = nullptr;
  std::span<const CallArgument> arguments;  // one for each operand of the op
  std::span<at::Tensor> results;            // one for each result. Undefined: allocated. Defined: written in place
  RowDims rows{};
  CallRules rules{};
  std::uint32_t call_site = 0;            // tells requests of different overloads apart: rules and ATen's dtypes differ
  const AtenProbe* aten_probe = nullptr;  // null: the op's own promotion decides
  std::atomic<std::uint64_t>* compiles = nullptr;  // where a compile of this call is counted, and its time
  std::atomic<std::uint64_t>* compile_us = nullptr;
  bool raise = false;  // errors in shapes and dtypes and internal failures throw instead of declining
};

// Nothing when the results were computed (CUDA: enqueued on the current stream). No TensorIterator, no lock and no
// allocation beyond the results when the geometry is in this thread's table. Throws c10::Error or gems::Error only when
// request.raise is set or GEMS_STRICT=1. Thread-safe.
std::optional<DeclineReason> serve(const Request& request);

}  // namespace gems::aten
