// Digests by LLVM's BLAKE3.
#include "gems/compiler/digest.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"

namespace gems {

Digest digest(std::span<const std::byte> bytes) {
  return llvm::BLAKE3::hash<32>(llvm::ArrayRef(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::string to_hex(const Digest& digest) { return llvm::toHex(digest, /*LowerCase=*/true); }

}  // namespace gems
