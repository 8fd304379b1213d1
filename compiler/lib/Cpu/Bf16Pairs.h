// Kernels whose elements in memory are all bf16, two of which are a 32-bit word: a shift makes f32 of the even
// elements, a mask of the odd ones, and a blend joins them again. Between, the lanes of f32 are in another order than
// the elements.
//
//   memory  b0 b1 b2 b3 ...      bf16 lanes  b0 b1 b2 b3 ...      f32 lanes  b0 b2 ... b1 b3 ...
//
// Widening elements in their order takes as many shuffles as there are vectors, narrowing them across the halves of
// AVX2's registers one more.
#pragma once

#include "Cpu/Lanes.h"
#include "Pw/Pw.h"

namespace gems::cpu {

// Whether the whole body may run with the even elements before the odd ones: every streamed operand and result is bf16
// and contiguous, and bf16 values are converted from and to f32 and nothing else.
bool canUseBf16Pairs(pw::KernelOp kernel);

Lanes bf16PairsToF32(Lanes bits);
// words: the results in their upper halves; what is below is dropped.
Lanes upperHalvesToBf16Pairs(Lanes words);

}  // namespace gems::cpu
