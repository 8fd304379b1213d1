// Digests of bytes, for keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace gems {

// BLAKE3, 256 bits.
using Digest = std::array<std::uint8_t, 32>;
Digest digest(std::span<const std::byte> bytes);
std::string to_hex(const Digest& digest);

}  // namespace gems
