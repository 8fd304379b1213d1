// BLAKE3 digests, and what identifies the generator in cache keys.
#include "gems/compiler/stages.h"
#include "generator_version.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/BLAKE3.h"

namespace gems {

Digest digest(std::span<const std::byte> bytes) {
  return llvm::BLAKE3::hash<32>(llvm::ArrayRef(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::string to_hex(const Digest& digest) { return llvm::toHex(digest, /*LowerCase=*/true); }

std::string_view generator_version() { return GEMS_GENERATOR_VERSION; }

std::string_view llvm_version() { return LLVM_VERSION_STRING; }

}  // namespace gems
