// An operator of gems on at::Tensor: exit code 0 if it agrees with ATen and gems names what is wrong with a call.
#include <ATen/ATen.h>

#include <cstdio>

#include "gems/aten/call.h"
#include "gems/dsl/error.h"
#include "gems/ops/fused.h"

int main() {
  const at::Tensor x = at::linspace(-3, 3, 1000), y = at::linspace(1, 2, 1000);
  const at::Tensor z = gems::call(gems::ops::silu_and_mul_op, x, y);
  if (!at::allclose(z, at::silu(x) * y, 1e-5, 1e-6)) return 1;
  try {
    gems::call(gems::ops::silu_and_mul_op, x, at::ones({7}));
  } catch (const gems::Error& error) {
    std::printf("%s\n", error.what());
    return 0;
  }
  return 2;
}
