// The measured constants that decide which CUDA kernel a call gets, and how that kernel covers the iteration space.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "gems/compiler/schedule.h"

namespace gems::tuning {

// Layout classes. Shorter rows leave most of a vector's lanes idle: a flat index over all elements is faster.
inline constexpr std::int64_t LeastColumns = 8;
// Of what is turned through shared memory; on less, neighbouring threads share cache lines anyway.
inline constexpr std::int64_t LeastTileColumns = 32;
inline constexpr std::int64_t LeastTileRows = 16;

// Blocks.
inline constexpr int BlockThreads = 256;
// Of very expensive bodies: a block's threads end, and the next block begins, sooner. On an
// H100 pow of f32 came from 92 to 99 % of a copy, gelu of unaligned bf16 from 94 to 100 %.
inline constexpr int ExpensiveBodyThreads = 128;
inline constexpr std::int64_t WarpThreads = 32;
// Flat calls of up to so many elements have a thread for each: in vectors a thread would compute several, one after the
// other, while most multiprocessors have none. Of bodies that divide or are expensive (H200, 2^14 elements: pow of f32
// from 2.47 to 1.85 us, of i64 from 2.87 to 1.77; exp of f32 lost, 1.31 to 1.39), and of wide operands with a narrow
// result, whose vectors are several accesses (a comparison of f32 with a number from 1.42 to 1.30 us).
inline constexpr int FewOfExpensiveBody = 1 << 16;
inline constexpr int FewOfNarrowResult = 1 << 14;
// Rows by threads: at most this many rows that share cache lines are in one block, and a wider block is worth up to one
// idle thread in four: those end at once, while short runs share cache lines.
inline constexpr std::int64_t MostSharedRows = 8;
inline constexpr std::int64_t IdleThreadsNumerator = 5;
inline constexpr std::int64_t IdleThreadsDenominator = 4;

// Costs of a body's most expensive operation (scalar_ops.def).
inline constexpr int FunctionCost = 10;       // from here on it counts as a function: it becomes many instructions
inline constexpr int ExpensiveCost = 20;      // from here on a second vector pays, where memory is fast
inline constexpr int VeryExpensiveCost = 40;  // from here on several vectors of eight elements take too long to compile

// Vectors.
inline constexpr int AccessBytes = 16;          // widest access of one thread
inline constexpr int NarrowAccessBytes = 4;     // least that the narrowest operand should move at once
inline constexpr int WideVectorBytes = 64;      // most that all operands together are read of for one vector
inline constexpr int MostFunctionElements = 8;  // unrolled elements of a thread when the body has functions, at most
inline constexpr int MostElements = 16;         // and when it has none
inline constexpr int MostUnroll = 4;
inline constexpr int GenericUnroll = 4;
// Of a thread of a list kernel, one after the other: a block finds its entry once for all of them.
inline constexpr int ListVectors = 4;
// The address of a row costs as many instructions as one vector; four vectors share it where operands are broadcast,
// which brought an outer product on an H200 from 79 to 107 (f32) and 104 % (bf16) of a copy. Other rows lost 0-2 %,
// functions gained 1 % and took half as long again to compile.
inline constexpr int OuterUnroll = 4;

// Sources: bytes in flight per multiprocessor from CUB's tuning policies (sm_90: its value for the H100; sm_120, whose
// multiprocessors have an A100's bandwidth: the A100's); resident threads are what 32 registers a thread allow.
// The others, measured: an H100 reaches the speed of a copy in blocks of 256, an H200 in blocks of 128 (functions of
// f32 and two-byte types 99-101 % of a copy; in blocks of 256 96 %, of 512 95 %). On the H200 a second vector of a
// thread brings log and sin of bf16 from 96 to 99 %, but costs 7 % where elements are few, and tiles of bf16 are 3-11 %
// faster when registers allow all threads at once. On the H100 smaller tiles made the sum with a transpose 3 % faster
// for u8 and 3 % slower for f32. Not measured: sm_100 and sm_120.
struct Device {
  int arch;         // and above
  int memory_gbps;  // and above
  int bytes_in_flight;
  int resident_threads;
  int threads;            // of a block by rows, or when the body has functions
  int expensive_unroll;   // vectors of a thread, for expensive bodies that read one operand, of two-byte elements
  int tile_bytes;         // at most, of all tiles in shared memory
  int narrow_tile_bytes;  // the same when no element has more than two bytes
  int tile_blocks;        // at once on a multiprocessor, at least
  int processors;         // multiprocessors of the largest GPU of the architecture
  int shared_bytes;       // of a block, at most: CUDA C++ Programming Guide, "Compute Capabilities"
  int cluster;            // blocks that may exchange through it
};
inline constexpr std::array<Device, 6> devices{{
    {120, 0, 16 * 1024, 1536, 256, 1, 40 * 1024, 40 * 1024, 1, 170, 99 * 1024, 8},
    {100, 0, 64 * 1024, 2048, 128, 2, 24 * 1024, 24 * 1024, 8, 148, 227 * 1024, 8},
    {90, 4000, 32 * 1024, 2048, 128, 2, 24 * 1024, 24 * 1024, 8, 132, 227 * 1024, 8},
    {90, 0, 32 * 1024, 2048, 256, 1, 40 * 1024, 24 * 1024, 1, 132, 227 * 1024, 8},
    {80, 0, 16 * 1024, 2048, 256, 1, 40 * 1024, 40 * 1024, 1, 108, 99 * 1024, 1},
    {0, 0, 12 * 1024, 1024, 256, 1, 40 * 1024, 40 * 1024, 1, 72, 64 * 1024, 1},
}};
inline const Device& device_of(CudaTarget target) {
  return *std::ranges::find_if(
      devices, [&](const Device& row) { return target.arch >= row.arch && target.memory_gbps >= row.memory_gbps; });
}

// Whether doubles are computed at half the rate of floats; others at a 32nd or 64th. CUDA C++ Programming Guide,
// "Arithmetic Instructions": results per clock cycle and multiprocessor.
inline constexpr std::array<int, 5> fast_doubles{60, 70, 80, 90, 100};
inline bool has_fast_doubles(CudaTarget target) {
  return std::ranges::find(fast_doubles, target.arch) != fast_doubles.end();
}

// Tiles, by the bytes of the widest element: of many shapes measured on an H200, those with the fastest turned copy
// (f32 97 % of a plain copy, bf16 95 %, u8 95 %, f64 96 %). All have 64 columns or 256 bytes of rows, and vectors of 8
// bytes: vectors of 16 gave 76 % for f32 and bf16 on sizes other than powers of two. The order of blocks made no
// difference.
struct TileShape {
  int size_bytes;
  int threads_x;
  int width;
  int vectors;  // of one thread
};
inline constexpr std::array<TileShape, 5> tile_shapes{
    {{1, 8, 8, 8}, {2, 16, 4, 8}, {4, 32, 2, 8}, {8, 16, 2, 2}, {16, 8, 1, 2}}};
inline constexpr int UnalignedTileThreadsX = 32;  // with single elements, which a warp stores side by side
inline constexpr int BankBytes = 4;               // neighbouring rows of narrow types share a bank
// Partial tiles have a rolled loop over so many vectors: unrolled, they cost time to compile and gain nothing.
inline constexpr int EdgeVectors = 4;

// Rows of rowwise ops, in vectors of 16 bytes of the widest tensor of element extent. On an H100, softmax and
// layer_norm of rows of 128 to 65536 elements, held with so many vectors a thread: 2 or 4 of up to 2048 vectors 97-99 %
// of a copy, 8 of up to 8192 95-98 %; 1 lost up to 15 %. Looped, 70-90 %.
inline constexpr int RowGroup = 4;  // vectors of a thread whose elements are combined before they join the others
inline constexpr int FewRowVectors = 2048;
inline constexpr int RowThreads = 1024;
// Rows that begin anywhere and don't end with a whole vector cost a held kernel the exchange of words between threads,
// twice. Above these many vectors they are staged, or looped: the results go by words of memory, and what is read again
// comes from the second-level cache, if the rows that are read at once fit there; a multiprocessor has 1024 threads of
// them, in blocks that share it out evenly. On an H200, us of softmax, held and looped with 256, 512 and 1024 threads:
// 8192 x 12289 bf16 233, 150, 195, 377; f32 359, 246, 322, 516; 2048 x 50257 bf16 268, 160, 139, 180 (with 544: 173);
// f32 352, 338, 331, 301.
inline constexpr int RaggedRowVectors = 1536;
inline constexpr int RaggedThreadVectors = 12;
inline constexpr int RaggedThreads = 256;
// Rows that are longer, and read more than once: what a thread has of them is in as many slots of shared memory as the
// largest block leaves room for, and the vectors of the next rows are on their way to slots that are free. On an H200,
// of a copy, in so many blocks of so many threads: softmax 4096 x 32000 f32 1 x 1024 0.86, 2 x 512 0.84, 4 x 256 0.78
// (held 0.82); 1024 x 131072 bf16 8 x 256 0.75, 2 x 1024 0.72 (looped 0.67), f32 8 x 512 0.84, 4 x 1024 0.85 (0.61);
// 2048 x 50257 bf16 2 x 256 0.75, 1 x 1024 0.63 (0.58); 8192 x 12289 f32 1 x 256 0.78, 1 x 512 0.77 (0.70); layer_norm
// 1024 x 131072 f32 8 x 512 0.73, 4 x 1024 0.69 (0.57). With six slots a tenth less.
inline constexpr int StagedSlots = 13;
inline constexpr int StagedLeastThreads = 256;
inline constexpr int StagedWarpVectors = 33;  // of one slot: those of 32 threads, and the one behind them
// In shared memory, too: states of all reductions, those of 32 warps and of eight blocks, twice; and barriers.
inline constexpr int StagedStates = 2 * (32 + 8);
inline constexpr int StagedOtherBytes = 1024;
inline constexpr int StagedWide = 4;        // elements of a vector, at most,
inline constexpr int StagedSingle = 8;      // where a row is one block's up to so many vectors of a thread
inline constexpr int StagedLeastBytes = 4;  // of a vector, to be copied
inline constexpr int StagedLeastSlots = 4;
// Rows that are read once: small blocks, of which a multiprocessor has many, spend little on combining what their
// threads have found. On an H200 argmax of 16384 x 8192 bf16 takes 68 us with 64 threads, 73 with 128, 91 with 256; the
// maximum and the sum of exponentials of 8192 x 32000 bf16 127, 130, 150. A long row of few has more threads, to be
// read sooner.
inline constexpr int OnceReadShortVectors = 1024;
inline constexpr int OnceReadShortThreads = 64;
inline constexpr int OnceReadRowThreads = 128;
inline constexpr int OnceReadBlocks = 8;
inline constexpr int OnceReadBlocksUnaligned = 6;  // eight leave too few registers
inline constexpr int RowsBlockThreads = 128;
// Registers for one vector of each operand, of which a thread can hold 8, 4 beside 1024 threads, and 4 beside 512.
inline constexpr int EightHeldWords = 4;
inline constexpr int FourHeldWords = 8;
inline constexpr int MostHeldWords = 16;
// Sums over all rows: a block walks over the rows and keeps the sums of its columns in registers, those of a vector's
// elements for each vector of a thread. On an H100 norms backward of 16384 x 4096 bf16 were at 92 % of a copy with
// vectors of four elements, at 84 % with eight; f32 at 95 %, and at 88 % where the next row was loaded before this one
// was computed, for which only two-byte operands leave registers. On an H200 a kernel that had eight registers too few,
// and kept 136 bytes in memory, was half as fast.
inline constexpr int SummedWidth = 4;
inline constexpr int Registers = 65536;        // of a multiprocessor
inline constexpr int ThreadRegisters = 255;    // of a thread, at most
inline constexpr int OtherRegisters = 48;      // of a thread, beside what it holds
inline constexpr int SummedThreads = 128;      // threads of a row are a multiple of them
inline constexpr int LoopedSumsThreads = 256;  // of a row that cannot be held
inline constexpr int AheadRegisters = 16;      // for the next row, at most
inline constexpr int SumsPitch = 16;           // elements; the sums of a row are a multiple of them apart
inline constexpr int FoldColumns = 32;         // of a block of NAME_fold
inline constexpr int FoldThreads = 32;         // of a column
// Elements of a row that a block reads, where one sweep finds all results: the blocks of a longer row share it, however
// many rows there are, so that its bits are the same among few and among many. On an H100 the sum of 2^27 elements
// reaches 101 % (bf16) and 102 % (f32) of a copy so, with twice as many elements 1 % less.
inline constexpr int ChunkElements = 16384;
inline constexpr int AcrossChunkElements = 1024;
// Rows across: a warp has 32 neighbouring rows, a block so many threads of each, and a thread so many elements of one
// row at a time. On an H100 the sum along dimension 0 of 16384 x 8192 f32 reaches 99 % of a copy so, with 8 threads
// 96 %, with half a warp of rows 84 %.
inline constexpr int AcrossThreads = 16;
inline constexpr int AcrossWidth = 4;
inline constexpr std::int64_t LeastRowsAcross = 16;
// Products: the rows of a matrix that a block has, and of vectors beside it, are those of one instruction of the tensor
// cores; four vectors of a quarter of 64 bytes of each row are in flight.
inline constexpr std::int64_t ProductRows = 8;
inline constexpr int ProductVectors = 4;  // of all matrices
inline constexpr std::size_t MostMatrices = 2;
inline constexpr int ProductWarps = 16;
inline constexpr int ProductStep = 32;  // elements of a row that a warp has in one vector a thread

}  // namespace gems::tuning
