// Element types that C++ lacks, and short names of those it has; printed without blank lines.
//! snippet I8
using i8 = signed char;
//! snippet U8
using u8 = unsigned char;
//! snippet I16
using i16 = short;
//! snippet U16
using u16 = unsigned short;
//! snippet I32
using i32 = int;
//! snippet U32
using u32 = unsigned;
//! snippet I64
using i64 = long long;
//! snippet U64
using u64 = unsigned long long;
//! snippet F16 needs U16
struct f16 { u16 bits; };
//! snippet BF16 needs U16
struct bf16 { u16 bits; };
//! snippet F8E4M3FN needs U8
struct f8e4m3fn { u8 bits; };
//! snippet F8E5M2 needs U8
struct f8e5m2 { u8 bits; };
//! snippet F8E4M3FNUZ needs U8
struct f8e4m3fnuz { u8 bits; };
//! snippet F8E5M2FNUZ needs U8
struct f8e5m2fnuz { u8 bits; };
//! snippet F8E8M0FNU needs U8
struct f8e8m0fnu { u8 bits; };
//! snippet C32 needs F16
struct alignas(4) c32 { f16 re, im; };
//! snippet C64
struct alignas(8) c64 { float re, im; };
//! snippet C128
struct alignas(16) c128 { double re, im; };
