// Derivatives: makes an op's gradient and tangent ops from its trace. A derived op is an op like any other, traced by a
// source of its own, so that plans, kernels, the cache and further differentiation serve it as they serve all.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "gems/dsl/op.h"

namespace gems {

// Who gets the gradient where Min or Max compare two equal values. Beside a literal (relu) neither does.
enum class Ties : std::uint8_t {
  Share,  // each gets half: torch.maximum
  First,  // the first of the two: torch.clamp, whose bounds belong to what they bound
};

// A set of operands or results, by position.
using PositionSet = std::uint16_t;
static_assert(MaxOperands <= 16 && MaxResults <= 16);
constexpr bool has(PositionSet set, std::size_t position) { return (set >> position & 1) != 0; }
constexpr PositionSet only(std::size_t position) { return static_cast<PositionSet>(1u << position); }

// Where a caller takes an operand of a derived op from.
struct DerivedOperand {
  enum class From : std::uint8_t {
    Incoming,  // gradient op: the gradient of the result at `index`; tangent op: the tangent of the operand at `index`
    Operand,   // the operand at `index` of the op itself
    Result,    // what the op returned as its result at `index`
  };
  From from;
  int index;
  bool operator==(const DerivedOperand&) const = default;
};

struct Derived {
  const OpDef* op = nullptr;             // null where all that is asked for is zero
  std::vector<DerivedOperand> operands;  // one for each operand of op
  std::vector<int> results;              // for each position that is asked for, in order: a result of op; -1: zero
};

// The derived ops of a process, or of a test: each is made once and lives as long as this. Thread-safe. Their number is
// bounded by that of the ops and of the sets that are asked for.
class Derivatives {
 public:
  using TiesOf = Ties (*)(const OpDef&);
  Derivatives();  // ties are shared
  explicit Derivatives(TiesOf ties_of);
  ~Derivatives();
  Derivatives(const Derivatives&) = delete;
  Derivatives& operator=(const Derivatives&) = delete;

  // The gradient of the operands `wanted`, given gradients of the results `incoming`: both must be tensors of floats or
  // complex numbers in a call. Named NAME_vjp_x_y; operands: the incoming gradients, what it needs of the op's results
  // and operands, the op's flags. Results have the dtype of the incoming gradients (promoted with that of the operand),
  // and the broadcast shape: the caller sums over broadcast dimensions and converts. Equal gradients are one result.
  // Of a rowwise op a rowwise one, of a Row or Column operand a result of that extent; one that is the same along a row
  // is a result of row extent: the caller expands it. An optional operand that is asked for must be there.
  // Complex: as in PyTorch, the conjugate of the derivative times the incoming gradient.
  // Throws gems::Error where the op has no gradient, or its gradient is no op (too many operands or results).
  const Derived& gradient(const OpDef& op, PositionSet incoming, PositionSet wanted);

  // The tangents of all results, given tangents of the operands `moving`. Named NAME_jvp_x_y.
  const Derived& tangent(const OpDef& op, PositionSet moving);

 private:
  enum class Direction : std::uint8_t { Reverse, Forward };
  struct Entry;
  using Key = std::tuple<const OpDef*, Direction, PositionSet, PositionSet>;
  const Derived& find(const OpDef& op, Direction direction, PositionSet incoming, PositionSet wanted);

  TiesOf ties_of_;
  std::mutex mutex_;
  std::map<Key, std::unique_ptr<Entry>> entries_;
};

}  // namespace gems
