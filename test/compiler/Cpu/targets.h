// Processors other than this one that kernels are tested for; this one can run their code.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "Cpu/Target.h"

namespace gems::test {

// AVX2 without conversions of f16.
inline cpu::Target narrow_target() {
  cpu::Target target = cpu::hostTarget();
  std::erase_if(target.features, [](const std::string& feature) {
    return feature.starts_with("+avx512") || feature.starts_with("+avx10") || feature == "+f16c" ||
           feature == "+evex512";
  });
  for (const char* off : {"-avx512f", "-f16c"}) target.features.push_back(off);
  std::sort(target.features.begin(), target.features.end());
  target.processor = "x86-64-v3";
  return target;
}

}  // namespace gems::test
