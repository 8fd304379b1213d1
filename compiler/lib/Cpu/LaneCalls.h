// What vectors cannot do: calling a C library function on each lane, and a branch taken when some lane needs it.
#pragma once

#include <functional>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "Cpu/Lanes.h"

namespace gems::cpu {

// A C library function that kernels may call; load_cpu gives their addresses to the linker.
struct LibraryFunction {
  const char* name;
  void* address;
};
std::vector<LibraryFunction> libraryFunctions();

// function(a[i], b[i], ...) for each lane i; the operands and the result have one type. Calls a private function of the
// module with a loop in it, made on first use. May be used in any block.
Lanes callPerLane(std::string_view function, std::initializer_list<Lanes> operands);

// base^exponent on integers by squaring, wrapping; the exponent is unsigned.
Lanes integerPower(Lanes base, Lanes exponent);

// usual, unless condition holds in some lane: then what replacement builds, in a block of its own. Splits the current
// block; the builder continues in the block after it.
Lanes replacedWhereAny(Lanes condition, Lanes usual, const std::function<Lanes()>& replacement);

}  // namespace gems::cpu
