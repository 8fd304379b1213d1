// torch.ops.gems.rotary_embedding: turns pairs of elements of each head by angles of its position (Su et al.,
// "RoFormer"), in one launch. Pairs of neighbours are moved as one element of twice the size where memory allows it;
// all others are read as two strided views, and written into views of the result.
#include "operators/single/rotary_embedding.h"

#include <ATen/FuncTorchTLS.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <array>
#include <span>

#include "gems/aten/serve.h"
#include "gems/dsl/error.h"
#include "gems/ops/fused.h"
#include "operators/operators.h"
#include "torch/undispatched_view.h"

namespace gems::aten {
namespace {

using at::Tensor;

// cos and sin as they broadcast to the pairs: [sequence, pairs] stands for every head and every batch.
Tensor for_pairs(const Tensor& angles) { return angles.dim() == 2 ? angles.unsqueeze(1) : angles; }

void check(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  TORCH_CHECK(x.dim() >= 1 && cos.dim() >= 1 && cos.sym_sizes().equals(sin.sym_sizes()),
              "gems::rotary_embedding: cos and sin have the same shape, [sequence, pairs] or one that broadcasts to "
              "[..., sequence, heads, pairs]; given ",
              cos.sym_sizes(), " and ", sin.sym_sizes());
  TORCH_CHECK(2 * cos.sym_size(-1) <= x.sym_size(-1), "gems::rotary_embedding: cos has ", cos.sym_size(-1),
              " angles, which turn ", 2 * cos.sym_size(-1), " elements, but the last dimension of x has ",
              x.sym_size(-1));
  for (const auto& [name, tensor] : {std::pair("x", &x), std::pair("cos", &cos), std::pair("sin", &sin)}) {
    TORCH_CHECK(at::isFloatingType(tensor->scalar_type()), "gems::rotary_embedding takes floats: ", name, " is ",
                tensor->scalar_type(), ", convert it first");
    TORCH_CHECK(tensor->device() == x.device(), "gems::rotary_embedding: x is on ", x.device(), ", ", name, " on ",
                tensor->device(), ": expected all on one device; move them");
  }
  c10::SymDimVector pairs(x.sym_sizes());
  pairs.back() = cos.sym_size(-1);
  c10::SymDimVector angles(cos.sym_sizes());
  if (cos.dim() == 2) angles.insert(angles.begin() + 1, 1);
  bool broadcasts = angles.size() <= pairs.size();
  for (std::size_t d = 1; broadcasts && d <= angles.size(); ++d)
    broadcasts = angles[angles.size() - d] == pairs[pairs.size() - d] || angles[angles.size() - d] == 1;
  TORCH_CHECK(broadcasts, "gems::rotary_embedding: cos and sin of shape ", cos.sym_sizes(), " do not broadcast to ",
              c10::SymIntArrayRef(pairs), ", the pairs of x of shape ", x.sym_sizes(),
              ": give x as [..., sequence, heads, elements] and angles as [sequence, pairs]");
}

// The first elements of all pairs, and the second. Half split: [a a a b b b]; interleaved: [a b a b a b].
std::array<Tensor, 2> pairs_of(const Tensor& x, const c10::SymInt& pairs, bool interleaved) {
  const c10::SymInt elements = 2 * pairs;
  if (interleaved) return {x.slice_symint(-1, 0, elements, 2), x.slice_symint(-1, 1, elements, 2)};
  return {x.slice_symint(-1, 0, pairs), x.slice_symint(-1, pairs, elements)};
}

// As pairs_of and for_pairs, of plain tensors.
std::array<Tensor, 2> views_of_pairs(const Tensor& x, std::int64_t pairs, bool interleaved) {
  at::DimVector sizes(x.sizes());
  at::DimVector strides(x.strides());
  sizes.back() = pairs;
  const std::int64_t apart = interleaved ? strides.back() : pairs * strides.back();
  if (interleaved) strides.back() *= 2;
  return {undispatched_view(x, x.scalar_type(), sizes, strides, x.storage_offset()),
          undispatched_view(x, x.scalar_type(), sizes, strides, x.storage_offset() + apart)};
}

Tensor view_for_pairs(const Tensor& angles) {
  if (angles.dim() != 2) return angles;
  return undispatched_view(angles, angles.scalar_type(), {angles.size(0), 1, angles.size(1)},
                           {angles.stride(0), 0, angles.stride(1)}, angles.storage_offset());
}

// How rotate_interleaved calls the dtype of an element, and the dtype of a pair; null where it has none.
struct PackedPair {
  const char* element = nullptr;
  at::ScalarType dtype = at::ScalarType::Undefined;
};
PackedPair packed_pair(at::ScalarType element) {
  switch (element) {
    case at::ScalarType::BFloat16:
      return {"bf16", at::ScalarType::UInt32};
    case at::ScalarType::Half:
      return {"f16", at::ScalarType::UInt32};
    case at::ScalarType::Float:
      return {"f32", at::ScalarType::UInt64};
    default:
      return {};
  }
}

// Whether each pair of neighbours along the last dimension is one element of a dtype twice as large.
bool has_whole_pairs(const Tensor& x) {
  if (x.stride(-1) != 1 || reinterpret_cast<std::uintptr_t>(x.const_data_ptr()) % (2 * x.element_size()) != 0 ||
      x.storage_offset() % 2 != 0)
    return false;
  for (std::int64_t d = 0; d < x.dim() - 1; ++d)
    if (x.size(d) > 1 && x.stride(d) % 2 != 0) return false;
  return true;
}

Tensor view_of_whole_pairs(const Tensor& x, at::ScalarType dtype, std::int64_t pairs) {
  at::DimVector sizes(x.sizes());
  at::DimVector strides(x.strides());
  sizes.back() = pairs;
  for (std::int64_t& stride : strides) stride /= 2;
  strides.back() = 1;
  return undispatched_view(x, dtype, sizes, strides, x.storage_offset() / 2);
}

// rotate_interleaved computes in f32.
bool fits_f32(const Tensor& angles) { return angles.scalar_type() != at::ScalarType::Double; }

CallCounts& counts() {
  static CallCounts& made = operator_counts("gems::rotary_embedding");
  return made;
}

void turn(const Tensor& x, const Tensor& cos, const Tensor& sin, bool interleaved, bool inverse, const Tensor& result) {
  const std::int64_t pairs = cos.size(-1);
  const Tensor turn_cos = view_for_pairs(cos);
  const Tensor turn_sin = view_for_pairs(sin);
  const auto serve = [](const OpDef& op, std::span<const CallArgument> arguments, std::span<Tensor> results) {
    serve_or_throw(
        {.op = &op, .arguments = arguments, .results = results, .rules = {.disjoint_results = true}, .raise = true},
        counts());
  };
  const PackedPair packed = packed_pair(x.scalar_type());
  if (interleaved && packed.element && fits_f32(cos) && fits_f32(sin) && has_whole_pairs(x) &&
      has_whole_pairs(result)) {
    const Tensor from = view_of_whole_pairs(x, packed.dtype, pairs);
    std::array to{view_of_whole_pairs(result, packed.dtype, pairs)};
    const std::array arguments{CallArgument(from), CallArgument(turn_cos), CallArgument(turn_sin),
                               CallArgument(FlagValue(packed.element)), CallArgument(FlagValue(inverse))};
    return serve(ops::rotate_interleaved_op, arguments, to);
  }
  const auto from = views_of_pairs(x, pairs, interleaved);
  auto to = views_of_pairs(result, pairs, interleaved);
  const std::array arguments{CallArgument(from[0]), CallArgument(from[1]), CallArgument(turn_cos),
                             CallArgument(turn_sin), CallArgument(FlagValue(inverse))};
  serve(ops::rotate_pairs_op, arguments, to);
}

Tensor compute(const Tensor& x, const Tensor& cos, const Tensor& sin, bool interleaved, bool inverse) {
  check(x, cos, sin);
  Tensor result = at::empty_like(x);
  const std::int64_t pairs = cos.size(-1);
  turn(x, cos, sin, interleaved, inverse, result);
  // What is behind the last pair stays as it is.
  if (2 * pairs < x.size(-1)) result.slice(-1, 2 * pairs).copy_(x.slice(-1, 2 * pairs));
  return result;
}

Tensor infer(const Tensor& x, const Tensor& cos, const Tensor& sin, bool, bool) {
  check(x, cos, sin);
  return at::empty_like(x);
}

// The same in ATen's operators, for transforms that go through them.
Tensor composition(const Tensor& x, const Tensor& cos, const Tensor& sin, bool interleaved, bool inverse) {
  check(x, cos, sin);
  const c10::SymInt pairs = cos.sym_size(-1);
  const auto [first, second] = pairs_of(x, pairs, interleaved);
  const Tensor c = for_pairs(cos);
  const Tensor s = inverse ? -for_pairs(sin) : for_pairs(sin);
  const Tensor left = first * c - second * s;
  const Tensor right = second * c + first * s;
  const Tensor turned = interleaved ? at::stack({left, right}, -1).flatten(-2) : at::cat({left, right}, -1);
  return at::cat({turned.to(x.scalar_type()), x.slice_symint(-1, 2 * pairs)}, -1);
}

Tensor dispatched(const Tensor& x, const Tensor& cos, const Tensor& sin, bool interleaved, bool inverse) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gems::rotary_embedding", "")
                             .typed<Tensor(const Tensor&, const Tensor&, const Tensor&, bool, bool)>();
  return op.call(x, cos, sin, interleaved, inverse);
}

struct Rotary : torch::autograd::Function<Rotary> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& cos,
                        const Tensor& sin, bool interleaved, bool inverse) {
    // x is needed for the gradients of the angles only, which are constants in most models.
    const bool keeps_x = cos.requires_grad() || sin.requires_grad();
    context->save_for_backward({keeps_x ? x : Tensor(), cos, sin});
    context->saved_data["interleaved"] = interleaved;
    context->saved_data["inverse"] = inverse;
    const at::AutoDispatchBelowADInplaceOrView below;
    return dispatched(x, cos, sin, interleaved, inverse);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    torch::autograd::variable_list gradients(5);
    const Tensor& grad = grads[0];
    if (!grad.defined()) return gradients;
    const auto saved = context->get_saved_variables();
    const Tensor& cos = saved[1];
    const Tensor& sin = saved[2];
    const bool interleaved = context->saved_data.at("interleaved").toBool();
    const bool inverse = context->saved_data.at("inverse").toBool();
    if (context->needs_input_grad(0)) gradients[0] = dispatched(grad, cos, sin, interleaved, !inverse);
    if (!saved[0].defined()) return gradients;

    const c10::SymInt pairs = cos.sym_size(-1);
    const auto [x, y] = pairs_of(saved[0], pairs, interleaved);
    const auto [dx, dy] = pairs_of(grad, pairs, interleaved);
    const auto of_angles = [&](const Tensor& each, const Tensor& angles) {
      return at::sum_to(each, for_pairs(angles).sym_sizes())
          .reshape_symint(angles.sym_sizes())
          .to(angles.scalar_type());
    };
    gradients[1] = of_angles(dx * x + dy * y, cos);
    const Tensor turned = dy * x - dx * y;
    gradients[2] = of_angles(inverse ? -turned : turned, sin);
    return gradients;
  }
};

// Inside of torch.func's transforms, which refuse C++ autograd functions.
bool in_functorch() {
  const auto& state = at::functorch::functorchTLSAccessor();
  if (state == nullptr) return false;
  try {
    state->checkSupportsCppAutogradFunction();
    return false;
  } catch (const c10::Error&) {
    return true;
  }
}

Tensor differentiate(const Tensor& x, const Tensor& cos, const Tensor& sin, bool interleaved, bool inverse) {
  if (has_tangent(x, cos, sin) || in_functorch()) return composition(x, cos, sin, interleaved, inverse);
  if (needs_gradient(x, cos, sin)) return Rotary::apply(x, cos, sin, interleaved, inverse);
  const at::AutoDispatchBelowADInplaceOrView below;
  return dispatched(x, cos, sin, interleaved, inverse);
}

}  // namespace

void register_rotary_embedding(torch::Library& library) {
  counts();  // so that the report knows the operator before its first call
  library.def(
      "rotary_embedding(Tensor x, Tensor cos, Tensor sin, bool interleaved=False, bool inverse=False) -> Tensor",
      {at::Tag::pt2_compliant_tag});
  library.impl("rotary_embedding", torch::dispatch(c10::DispatchKey::CPU, TORCH_FN(compute)));
  library.impl("rotary_embedding", torch::dispatch(c10::DispatchKey::CUDA, TORCH_FN(compute)));
  library.impl("rotary_embedding", torch::dispatch(c10::DispatchKey::Meta, TORCH_FN(infer)));
  for (const c10::DispatchKey key : {c10::DispatchKey::Autograd, c10::DispatchKey::FuncTorchBatched})
    library.impl("rotary_embedding", torch::dispatch(key, TORCH_FN(differentiate)));
}

}  // namespace gems::aten
