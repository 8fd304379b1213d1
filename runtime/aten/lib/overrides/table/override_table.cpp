// The override table, from overrides.def, reductions.def, composed.def and products.def: every row checked against
// at::_ops by the compiler.
#include "overrides/table/override_table.h"

#include <ATen/ops/_fused_rms_norm_backward_ops.h>
#include <ATen/ops/_fused_rms_norm_ops.h>
#include <ATen/ops/_log_softmax_backward_data_ops.h>
#include <ATen/ops/_log_softmax_ops.h>
#include <ATen/ops/_softmax_backward_data_ops.h>
#include <ATen/ops/_softmax_ops.h>
#include <ATen/ops/abs_ops.h>
#include <ATen/ops/add_ops.h>
#include <ATen/ops/addmm_ops.h>
#include <ATen/ops/addmv_ops.h>
#include <ATen/ops/all_ops.h>
#include <ATen/ops/amax_ops.h>
#include <ATen/ops/amin_ops.h>
#include <ATen/ops/any_ops.h>
#include <ATen/ops/argmax_ops.h>
#include <ATen/ops/argmin_ops.h>
#include <ATen/ops/baddbmm_ops.h>
#include <ATen/ops/bitwise_and_ops.h>
#include <ATen/ops/bitwise_not_ops.h>
#include <ATen/ops/bitwise_or_ops.h>
#include <ATen/ops/bitwise_xor_ops.h>
#include <ATen/ops/bmm_ops.h>
#include <ATen/ops/clamp_max_ops.h>
#include <ATen/ops/clamp_min_ops.h>
#include <ATen/ops/clamp_ops.h>
#include <ATen/ops/copy_ops.h>
#include <ATen/ops/cos_ops.h>
#include <ATen/ops/count_nonzero_ops.h>
#include <ATen/ops/div_ops.h>
#include <ATen/ops/dot_ops.h>
#include <ATen/ops/eq_ops.h>
#include <ATen/ops/erf_ops.h>
#include <ATen/ops/exp_ops.h>
#include <ATen/ops/ge_ops.h>
#include <ATen/ops/gelu_backward_ops.h>
#include <ATen/ops/gelu_ops.h>
#include <ATen/ops/gt_ops.h>
#include <ATen/ops/isinf_ops.h>
#include <ATen/ops/isnan_ops.h>
#include <ATen/ops/le_ops.h>
#include <ATen/ops/linalg_vector_norm_ops.h>
#include <ATen/ops/log_ops.h>
#include <ATen/ops/logical_and_ops.h>
#include <ATen/ops/logical_not_ops.h>
#include <ATen/ops/logical_or_ops.h>
#include <ATen/ops/logical_xor_ops.h>
#include <ATen/ops/logsumexp_ops.h>
#include <ATen/ops/lt_ops.h>
#include <ATen/ops/masked_fill_ops.h>
#include <ATen/ops/max_ops.h>
#include <ATen/ops/maximum_ops.h>
#include <ATen/ops/mean_ops.h>
#include <ATen/ops/min_ops.h>
#include <ATen/ops/minimum_ops.h>
#include <ATen/ops/mm_ops.h>
#include <ATen/ops/mul_ops.h>
#include <ATen/ops/native_group_norm_backward_ops.h>
#include <ATen/ops/native_group_norm_ops.h>
#include <ATen/ops/native_layer_norm_backward_ops.h>
#include <ATen/ops/native_layer_norm_ops.h>
#include <ATen/ops/ne_ops.h>
#include <ATen/ops/neg_ops.h>
#include <ATen/ops/nll_loss_backward_ops.h>
#include <ATen/ops/nll_loss_forward_ops.h>
#include <ATen/ops/pow_ops.h>
#include <ATen/ops/prod_ops.h>
#include <ATen/ops/reciprocal_ops.h>
#include <ATen/ops/relu_ops.h>
#include <ATen/ops/rsqrt_ops.h>
#include <ATen/ops/sigmoid_backward_ops.h>
#include <ATen/ops/sigmoid_ops.h>
#include <ATen/ops/silu_backward_ops.h>
#include <ATen/ops/silu_ops.h>
#include <ATen/ops/sin_ops.h>
#include <ATen/ops/sqrt_ops.h>
#include <ATen/ops/std_mean_ops.h>
#include <ATen/ops/std_ops.h>
#include <ATen/ops/sub_ops.h>
#include <ATen/ops/sum_ops.h>
#include <ATen/ops/tanh_backward_ops.h>
#include <ATen/ops/tanh_ops.h>
#include <ATen/ops/threshold_backward_ops.h>
#include <ATen/ops/var_mean_ops.h>
#include <ATen/ops/var_ops.h>
#include <ATen/ops/vdot_ops.h>
#include <ATen/ops/where_ops.h>

#include <memory>
#include <utility>

#include "overrides/arrange/override_arrange.h"
#include "overrides/arrange/rms_norm_parts.h"
#include "overrides/arrange/row_arrange.h"
#include "overrides/composed/composed_kernel.h"
#include "overrides/composed/group_norm.h"
#include "overrides/composed/nll_loss.h"
#include "overrides/override_kernel.h"
#include "overrides/product_kernel.h"
#include "overrides/row_kernel.h"
#include "overrides/table/override_rules.h"

// ATen's own kernels, declared with the schema's type. at::cuda is weak: null beside a CPU build of PyTorch.
#define GEMS_IMPORT __attribute__((visibility("default")))
#define GEMS_OVERRIDE(overload, function, op, rules, arrange)            \
  namespace at::cpu {                                                    \
  GEMS_IMPORT at::_ops::overload::schema function;                       \
  }                                                                      \
  namespace at::cuda {                                                   \
  __attribute__((weak)) GEMS_IMPORT at::_ops::overload::schema function; \
  }
#define GEMS_OVERRIDE_SHARED(overload, function, op, rules, arrange) \
  namespace at::compositeexplicitautograd {                          \
  GEMS_IMPORT at::_ops::overload::schema function;                   \
  }
#define GEMS_OVERRIDE_COPY(overload, function, op, rules, arrange) \
  namespace at::native {                                           \
  GEMS_IMPORT at::_ops::overload::schema function;                 \
  }
#include "overrides/table/overrides.def"
#define GEMS_NORM(overload, function, op, arrange, devices) GEMS_REDUCTION(overload, function, op, arrange, devices)
#define GEMS_REDUCTION(overload, function, op, arrange, devices) GEMS_IMPORT_##devices(overload, function)
#define GEMS_REDUCTION_SHARED(overload, function, op, arrange, devices) \
  namespace at::compositeexplicitautograd {                             \
  GEMS_IMPORT at::_ops::overload::schema function;                      \
  }
#define GEMS_NORM_OF_PARTS(overload, function, op, arrange, devices) GEMS_IMPORT_CUDA_##devices(overload, function)
#define GEMS_IMPORT_CUDA_Cpu(overload, function)
#define GEMS_IMPORT_CUDA_Both(overload, function) GEMS_IMPORT_Cuda(overload, function)
#define GEMS_IMPORT_Cpu(overload, function)        \
  namespace at::cpu {                              \
  GEMS_IMPORT at::_ops::overload::schema function; \
  }
#define GEMS_IMPORT_Cuda(overload, function)                             \
  namespace at::cuda {                                                   \
  __attribute__((weak)) GEMS_IMPORT at::_ops::overload::schema function; \
  }
#define GEMS_IMPORT_Both(overload, function) GEMS_IMPORT_Cpu(overload, function) GEMS_IMPORT_Cuda(overload, function)
#include "overrides/table/reductions.def"
#define GEMS_COMPOSED(overload, function, compute) GEMS_IMPORT_Both(overload, function)
#include "overrides/table/composed.def"
#define GEMS_PRODUCT(overload, function, into, into_function)            \
  namespace at::cuda {                                                   \
  __attribute__((weak)) GEMS_IMPORT at::_ops::overload::schema function; \
  }
#include "overrides/table/products.def"

namespace gems::aten {
namespace {

constexpr std::size_t RowCount = 0
#define GEMS_OVERRIDE(overload, function, op, rules, arrange) +1
#define GEMS_OVERRIDE_SHARED(overload, function, op, rules, arrange) +1
#define GEMS_OVERRIDE_COPY(overload, function, op, rules, arrange) +1
#include "overrides/table/overrides.def"
#define GEMS_REDUCTION(overload, function, op, arrange, devices) +1
#define GEMS_REDUCTION_SHARED(overload, function, op, arrange, devices) +1
#define GEMS_NORM(overload, function, op, arrange, devices) +1
#define GEMS_NORM_OF_PARTS(overload, function, op, arrange, devices) +1
#include "overrides/table/reductions.def"
#define GEMS_COMPOSED(overload, function, compute) +1
#include "overrides/table/composed.def"
#define GEMS_PRODUCT(overload, function, into, into_function) +1
#include "overrides/table/products.def"
    ;
static_assert(RowCount <= MaxOverrides, "enlarge MaxOverrides");

template <class Overload>
void add_named(std::deque<TableRow>& table, const OverrideRow& row, TableRow::MakeKernel make_kernel) {
  std::string name(std::string_view(Overload::name).substr(sizeof("aten::") - 1));
  if (*Overload::overload_name != '\0') name.append(1, '.').append(Overload::overload_name);
  table.emplace_back(std::move(name), row, table.size(), Overload::name, Overload::overload_name,
                     std::move(make_kernel));
}

template <class Overload, class Kernel>
void add_row(std::deque<TableRow>& table, const OverrideRow& row, typename Overload::ptr_schema cpu,
             typename Overload::ptr_schema cuda) {
  add_named<Overload>(table, row, [cpu, cuda](Override& override, c10::DispatchKey key) {
    if ((key == c10::DispatchKey::CUDA ? cuda : cpu) == nullptr) return c10::KernelFunction();
    return c10::KernelFunction::makeFromUnboxedFunctor<false, Kernel>(std::make_unique<Kernel>(override, cpu, cuda));
  });
}

template <class Overload, class Into>
void add_product(std::deque<TableRow>& table, typename Overload::ptr_schema cuda, typename Into::ptr_schema into) {
  using Kernel = ProductKernel<typename Overload::schema, typename Into::schema>;
  add_named<Overload>(table, {}, [cuda, into](Override& override, c10::DispatchKey key) {
    if (key != c10::DispatchKey::CUDA || cuda == nullptr) return c10::KernelFunction();
    return c10::KernelFunction::makeFromUnboxedFunctor<false, Kernel>(std::make_unique<Kernel>(override, cuda, into));
  });
}

}  // namespace

std::deque<TableRow>& override_table() {
  static std::deque<TableRow>* table = [] {
    auto* rows = new std::deque<TableRow>;
#define GEMS_ROW(overload, cpu, cuda, op, rule, arrange)                                   \
  add_row<at::_ops::overload, OverrideKernel<at::_ops::overload::schema>>(                 \
      *rows, {op, rules::rule, arrange}, static_cast<at::_ops::overload::ptr_schema>(cpu), \
      static_cast<at::_ops::overload::ptr_schema>(cuda));
#define GEMS_OVERRIDE(overload, function, op, rule, arrange) \
  GEMS_ROW(overload, &at::cpu::function, &at::cuda::function, op, rule, arrange)
#define GEMS_OVERRIDE_SHARED(overload, function, op, rule, arrange)                                                \
  GEMS_ROW(overload, &at::compositeexplicitautograd::function, &at::compositeexplicitautograd::function, op, rule, \
           arrange)
#define GEMS_OVERRIDE_COPY(overload, function, op, rule, arrange) \
  GEMS_ROW(overload, &at::native::function, &at::native::function, op, rule, arrange)
#include "overrides/table/overrides.def"
#undef GEMS_ROW
#define GEMS_ROW(overload, list, cpu, cuda, op, arrange)                                            \
  add_row<at::_ops::overload, RowKernel<RowList::list, at::_ops::overload::schema>>(                \
      *rows, {op, rules::none, nullptr, arrange}, static_cast<at::_ops::overload::ptr_schema>(cpu), \
      static_cast<at::_ops::overload::ptr_schema>(cuda));
#define GEMS_ON_CPU_Cpu(function) &function
#define GEMS_ON_CPU_Cuda(function) nullptr
#define GEMS_ON_CPU_Both(function) &function
#define GEMS_ON_CUDA_Cpu(function) nullptr
#define GEMS_ON_CUDA_Cuda(function) &function
#define GEMS_ON_CUDA_Both(function) &function
#define GEMS_REDUCTION(overload, function, op, arrange, devices)                                                     \
  GEMS_ROW(overload, Dims, GEMS_ON_CPU_##devices(at::cpu::function), GEMS_ON_CUDA_##devices(at::cuda::function), op, \
           arrange)
#define GEMS_REDUCTION_SHARED(overload, function, op, arrange, devices)                    \
  GEMS_ROW(overload, Dims, GEMS_ON_CPU_##devices(at::compositeexplicitautograd::function), \
           GEMS_ON_CUDA_##devices(at::compositeexplicitautograd::function), op, arrange)
#define GEMS_NORM(overload, function, op, arrange, devices)                                                           \
  GEMS_ROW(overload, Shape, GEMS_ON_CPU_##devices(at::cpu::function), GEMS_ON_CUDA_##devices(at::cuda::function), op, \
           arrange)
#define GEMS_NORM_OF_PARTS(overload, function, op, arrange, devices)                                                \
  GEMS_ROW(overload, Shape, GEMS_ON_CPU_##devices(parts::function), GEMS_ON_CUDA_##devices(at::cuda::function), op, \
           arrange)
#include "overrides/table/reductions.def"
#undef GEMS_ROW
#define GEMS_COMPOSED(overload, function, compute)                                  \
  add_row<at::_ops::overload, ComposedKernel<at::_ops::overload::schema, compute>>( \
      *rows, {}, static_cast<at::_ops::overload::ptr_schema>(&at::cpu::function),   \
      static_cast<at::_ops::overload::ptr_schema>(&at::cuda::function));
#include "overrides/table/composed.def"
#define GEMS_PRODUCT(overload, function, into, into_function) \
  add_product<at::_ops::overload, at::_ops::into>(*rows, &at::cuda::function, &at::cuda::into_function);
#include "overrides/table/products.def"
    return rows;
  }();
  return *table;
}

}  // namespace gems::aten
