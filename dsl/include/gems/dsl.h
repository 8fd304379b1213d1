// All that a kernel author includes.
#pragma once

#if defined(__clang__) ? __clang_major__ < 14 : __GNUC__ < 11
#error "gems needs g++ 11 or clang++ 14, or a newer one: name it with CXX=..., with CMake -DCMAKE_CXX_COMPILER=..."
#elif __cplusplus < 202002L
#error "gems needs C++20: compile with -std=c++20"
#endif

#include "gems/dsl/module_table.h"
#include "gems/dsl/pointwise.h"
#include "gems/dsl/registry.h"
#include "gems/dsl/rowwise.h"
