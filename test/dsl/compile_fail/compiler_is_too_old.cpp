// expect: gems needs g++ 11 or clang++ 14, or a newer one: name it with CXX=..., with CMake -DCMAKE_CXX_COMPILER=...
#undef __clang_major__
#define __clang_major__ 13
#undef __GNUC__
#define __GNUC__ 10
#include "gems/dsl.h"
