// Constants as CUDA C++.
#include "Cuda/Literals.h"

#include <fmt/format.h>

#include <cmath>

#include "Pw/Pw.h"

namespace gems::cuda {
namespace {

template <class T>
std::string decimal(T value, std::string_view suffix) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + std::string(suffix);
}

}  // namespace

std::string floatLiteral(const llvm::APFloat& value, mlir::Type type) {
  const uint64_t bits = value.bitcastToAPInt().getZExtValue();
  if (auto narrow = pw::narrowFloat(type))
    return fmt::format("{}{{{:#0{}x}}}", gems::name(*narrow), bits, 2 + 2 * size_bytes(*narrow));
  if (type.isF32()) {
    if (!value.isFinite()) return fmt::format("__uint_as_float({:#x}u)", bits);
    return decimal(value.convertToFloat(), "f");
  }
  if (!value.isFinite()) return fmt::format("__longlong_as_double({:#x}ll)", bits);
  return decimal(value.convertToDouble(), "");
}

std::string unsignedLiteral(const llvm::APInt& value) {
  const unsigned width = value.getBitWidth();
  if (width < 32) return fmt::format("{}", value.getZExtValue());
  const bool isWide = width == 64;
  if (!value.isNegative()) return fmt::format("{}{}", value.getZExtValue(), isWide ? "ull" : "u");
  // Small negative numbers are easier to read with their sign.
  const int64_t number = value.getSExtValue();
  if (number > -1000000) return fmt::format("({}){}", isWide ? "u64" : "u32", number);
  return fmt::format("{:#x}{}", value.getZExtValue(), isWide ? "ull" : "u");
}

std::string signedLiteral(const llvm::APInt& value) {
  // The lowest integers have no literal of their own type.
  if (value.isMinSignedValue() && value.getBitWidth() >= 32) return fmt::format("({} - 1)", signedLiteral(value + 1));
  const int64_t number = value.getSExtValue();
  return fmt::format("{}{}", number, value.getBitWidth() == 64 ? "ll" : "");
}

}  // namespace gems::cuda
