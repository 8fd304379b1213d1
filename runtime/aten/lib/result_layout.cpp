// Asks at::TensorIterator for shape and layout of a call's results, without letting it allocate or convert anything.
#include "result_layout.h"

#include <ATen/ScalarOps.h>
#include <ATen/TensorIterator.h>

namespace gems::aten {

ResultLayout result_layout(const Request& request) {
  at::TensorIteratorConfig config;
  // An undefined result is given the meta device: its layout is computed, its memory is not allocated.
  config.set_check_mem_overlap(true)
      .check_all_same_dtype(false)
      .check_all_same_device(false)
      .promote_inputs_to_common_dtype(false)
      .resize_outputs(false)
      .declare_static_dtype_and_device(at::kFloat, at::kMeta);
  for (const at::Tensor& result : request.results) config.add_owned_output(result);
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const CallArgument& argument = request.arguments[i];
    if (argument.kind == CallArgument::Kind::Tensor) {
      config.add_owned_const_input(*argument.tensor);
    } else if (argument.kind == CallArgument::Kind::Number && request.rules.numbers_shape_layout) {
      config.add_owned_const_input(c10::scalar_to_tensor(*argument.number));
    }
  }
  const at::TensorIterator iterator = config.build();
  const at::TensorBase& output = iterator.output(0);
  ResultLayout layout;
  layout.sizes = output.sizes();
  layout.strides = output.strides();
  layout.rank = iterator.ndim();
  if (request.rules.contiguous_result && !request.results[0].defined()) {
    std::int64_t stride = 1;
    for (std::size_t d = layout.sizes.size(); d-- > 0;) {
      layout.strides[d] = stride;
      stride *= std::max<std::int64_t>(layout.sizes[d], 1);
    }
  }
  return layout;
}

}  // namespace gems::aten
