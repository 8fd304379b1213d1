// Instructions of AVX-512 for which neither arith nor math has an operation.
#pragma once

#include <span>

#include "Cpu/Lanes.h"
#include "Cpu/VectorUnit.h"

namespace gems::cpu::avx512 {

// Whether the functions below can be used: x is 4, 8 or 16 f32 lanes, on a processor with AVX-512.
bool available(Lanes x, VectorUnit unit);

Lanes scaleByPowerOf2(Lanes x, Lanes n);        // x 2^floor(n), rounded once; n may be infinite
Lanes fractionToNearest(Lanes x);               // x less the integer nearest to it; 0 for infinities
Lanes mantissaAround1(Lanes x);                 // of x > 0: from 3/4 to 3/2; 1 for 0 and infinity; x < 0: NaN
Lanes exponent(Lanes x);                        // floor(log2|x|), of denormals too; -infinity for 0
Lanes isDenormal(Lanes x);                      // a condition
bool canConvertBf16(Lanes x, VectorUnit unit);  // whether there is:
Lanes toBf16FlushingDenormals(Lanes x);         // the 16 bits, rounded to nearest even; NaN stays NaN

bool canLookUp(Lanes x, VectorUnit unit);                      // whether there is, for as many lanes as x has:
Lanes lookUp(std::span<const double, 16> table, Lanes index);  // table[index]; the low 4 bits of index count

}  // namespace gems::cpu::avx512
