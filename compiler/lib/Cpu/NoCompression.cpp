// What LLVM asks zlib and zstd for, without either: objects compiled here have no compressed sections. The linker takes
// these definitions in place of the members of LLVMSupport that would need the two libraries.
#include "llvm/Support/CRC.h"
#include "llvm/Support/Compression.h"
#include "llvm/Support/Error.h"

using namespace llvm;

namespace {

constexpr const char reason[] = "gems brings LLVM without zlib and zstd";

Error unsupported() { return createStringError(inconvertibleErrorCode(), reason); }

}  // namespace

namespace llvm::compression {

const char* getReasonIfUnsupported(Format) { return reason; }

void compress(Params, ArrayRef<uint8_t>, SmallVectorImpl<uint8_t>&) { llvm_unreachable(reason); }

Error decompress(DebugCompressionType, ArrayRef<uint8_t>, uint8_t*, size_t) { return unsupported(); }
Error decompress(Format, ArrayRef<uint8_t>, SmallVectorImpl<uint8_t>&, size_t) { return unsupported(); }
Error decompress(DebugCompressionType, ArrayRef<uint8_t>, SmallVectorImpl<uint8_t>&, size_t) { return unsupported(); }

bool zlib::isAvailable() { return false; }
void zlib::compress(ArrayRef<uint8_t>, SmallVectorImpl<uint8_t>&, int) { llvm_unreachable(reason); }
Error zlib::decompress(ArrayRef<uint8_t>, uint8_t*, size_t&) { return unsupported(); }
Error zlib::decompress(ArrayRef<uint8_t>, SmallVectorImpl<uint8_t>&, size_t) { return unsupported(); }

bool zstd::isAvailable() { return false; }
void zstd::compress(ArrayRef<uint8_t>, SmallVectorImpl<uint8_t>&, int, bool) { llvm_unreachable(reason); }
Error zstd::decompress(ArrayRef<uint8_t>, uint8_t*, size_t&) { return unsupported(); }
Error zstd::decompress(ArrayRef<uint8_t>, SmallVectorImpl<uint8_t>&, size_t) { return unsupported(); }

}  // namespace llvm::compression

// The polynomial of zlib, bit by bit: it is asked for checksums of file names at most.
uint32_t llvm::crc32(uint32_t crc, ArrayRef<uint8_t> data) {
  crc = ~crc;
  for (const uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

uint32_t llvm::crc32(ArrayRef<uint8_t> data) { return crc32(0, data); }

void llvm::JamCRC::update(ArrayRef<uint8_t> data) { CRC = ~llvm::crc32(~CRC, data); }
