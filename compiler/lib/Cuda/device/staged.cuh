// Rows on their way through shared memory: vectors that a thread has asked for and does not wait for, of this row and of
// those that follow it; and blocks that have a row together, a cluster.

//! snippet StagedMemory
extern __shared__ uint4 staged_memory[];

//! snippet CopyAhead since sm_80
// A copy from global to shared memory, of a word of 4, 8 or 16 bytes, for which the thread does not wait.
template <class Word> __device__ __forceinline__ void copy_ahead(Word* to, const Word* from) {
  const unsigned at = (unsigned)__cvta_generic_to_shared(to);
  if (sizeof(Word) == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" : : "r"(at), "l"(from) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" : : "r"(at), "l"(from), "n"(sizeof(Word)) : "memory");
}
// Ends a batch of copies, and waits for this thread's batches but the last `pending`, or fewer.
__device__ __forceinline__ void end_batch() { asm volatile("cp.async.commit_group;" : : : "memory"); }
template <int Pending> __device__ __forceinline__ void await_batches_but() {
  asm volatile("cp.async.wait_group %0;" : : "n"(Pending) : "memory");
}
__device__ __forceinline__ void await_batches(int pending) {
  if (pending >= 8) return await_batches_but<8>();
  if (pending >= 5) return await_batches_but<5>();
  if (pending >= 3) return await_batches_but<3>();
  if (pending == 2) return await_batches_but<2>();
  pending == 1 ? await_batches_but<1>() : await_batches_but<0>();
}

//! snippet CopyAhead
// A copy from global to shared memory, of a word of 4, 8 or 16 bytes.
template <class Word> __device__ __forceinline__ void copy_ahead(Word* to, const Word* from) { *to = *from; }
// Ends a batch of copies, and waits for this thread's batches but the last `pending`.
__device__ __forceinline__ void end_batch() {}
__device__ __forceinline__ void await_batches(int) {}

//! snippet Cluster
// The blocks that have a row together: how many, and which of them this is.
__device__ __forceinline__ unsigned cluster_blocks() {
  unsigned blocks;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(blocks));
  return blocks;
}
__device__ __forceinline__ unsigned cluster_rank() {
  unsigned rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

// What the blocks of a cluster find, each in the shared memory of all. A barrier counts the bytes that have come: no
// block waits for more than those.
template <class State> struct ClusterExchange {
  static constexpr int words = (sizeof(State) + 3) / 4;
  union Slot {
    State state;
    unsigned words[ClusterExchange::words];
  };
  Slot all[8];
  unsigned long long barrier;

  // By one thread, before the blocks know of each other's.
  __device__ __forceinline__ void prepare() {
    asm volatile("mbarrier.init.shared.b64 [%0], 1;" : : "r"((unsigned)__cvta_generic_to_shared(&barrier)) : "memory");
  }
  // By all threads, which have the same state. `phase`: how many rows before this one used it, modulo 2.
  __device__ __forceinline__ void exchange(const State& own, unsigned blocks, unsigned phase) {
    const unsigned here = (unsigned)__cvta_generic_to_shared(&barrier);
    if (threadIdx.x == 0)
      asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" : : "r"(here), "r"(blocks * words * 4) : "memory");
    if (threadIdx.x < blocks) {
      const unsigned slot = (unsigned)__cvta_generic_to_shared(&all[cluster_rank()]);
      unsigned to, there;
      asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(to) : "r"(slot), "r"(threadIdx.x));
      asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(here), "r"(threadIdx.x));
      Slot from;
      from.state = own;
      #pragma unroll
      for (int i = 0; i < words; ++i)
        asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];"
                     : : "r"(to + 4 * i), "r"(from.words[i]), "r"(there) : "memory");
    }
    asm volatile(
        "{\n.reg .pred come;\nagain:\nmbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 come, [%0], %1;\n"
        "@!come bra again;\n}" : : "r"(here), "r"(phase) : "memory");
  }
};
__device__ __forceinline__ void sync_cluster() {
  asm volatile("fence.mbarrier_init.release.cluster;\n" : : : "memory");
  asm volatile("barrier.cluster.arrive.release.aligned;\n" : : : "memory");
  asm volatile("barrier.cluster.wait.acquire.aligned;\n" : : : "memory");
}

//! snippet CombineCluster needs CombineRow, Cluster
// The states of the threads of a row that a cluster has: combined in each block as combine_row does, then those of the
// blocks, in their order; the same bits in each thread.
template <class Reduction, class State>
__device__ __forceinline__ State combine_cluster(State state, State (&exchange)[32], ClusterExchange<State>& others,
                                                 unsigned phase) {
  state = combine_row<Reduction>(state, exchange);
  const unsigned blocks = cluster_blocks();
  if (blocks == 1) return state;
  others.exchange(state, blocks, phase);
  return Lanes<Reduction>::combine(others.all[threadIdx.x & (blocks - 1)].state, blocks);
}

//! snippet ShiftedVec needs Vec
// A vector that begins `lead` bytes after the first of two that follow each other in memory.
template <class T, int N>
__device__ __forceinline__ Vec<T, N> shifted_vec(const Vec<T, N>& first, const Vec<T, N>& second, int lead) {
  constexpr int count = Vec<T, N>::size / 4;
  unsigned shifted[2 * count];
  #pragma unroll
  for (int i = 0; i < count; ++i) shifted[i] = first.words[i], shifted[i + count] = second.words[i];
  #pragma unroll
  for (int by = count / 2; by > 0; by /= 2)
    #pragma unroll
    for (int i = 0; i + by < 2 * count; ++i)
      if (lead & 4 * by) shifted[i] = shifted[i + by];
  Vec<T, N> result = {};
  #pragma unroll
  for (int i = 0; i < count; ++i)
    result.words[i] = sizeof(T) < 4 ? __funnelshift_r(shifted[i], shifted[i + 1], lead % 4 * 8) : shifted[i];
  return result;
}

//! snippet LoadAnywhere needs Load, ShiftedVec
// A vector of which `left` elements exist, from words of memory, wherever it begins.
template <class Word, class T, int N> __device__ __forceinline__ Vec<T, N> load_anywhere(const T* from, int left) {
  constexpr int size = Vec<T, N>::size;
  if (left >= N) {
    const int lead = (unsigned long long)from % size;
    const T* const at = reinterpret_cast<const T*>(reinterpret_cast<const char*>(from) - lead);
    const Vec<T, N> first = load<Vec<T, N>, Word>(at);
    return lead == 0 ? first : shifted_vec(first, load<Vec<T, N>, Word>(at + N), lead);
  }
  Vec<T, N> result = {};
  #pragma unroll
  for (int k = 0; k < N; ++k)
    if (k < left) result.put(k, from[k]);
  return result;
}

//! snippet StagedRow needs Vec, CopyAhead
// The vectors of a row that a thread asks for, one after the other, those of memory that the row is in: it may begin
// within the first of them. The last thread of a warp asks for the one behind its own, too, of which a vector of such a
// row has a part.
template <class T, int N, class Word> struct StagedRow {
  static constexpr int size = Vec<T, N>::size;
  const char* from;
  int left;  // vectors of the row from the next one on
  bool asks_two;

  __device__ __forceinline__ void begin(const T* row, int columns, int first) {
    const int lead = (unsigned long long)row % size;
    from = reinterpret_cast<const char*>(row) - lead + (long long)first * size;
    left = (lead + columns * (int)sizeof(T) + size - 1) / size - first;
    asks_two = lead > 0 && threadIdx.x % 32 == 31;
  }
  __device__ __forceinline__ void end() { left = 0; }
  __device__ __forceinline__ void ask(char* to, int apart) {
    if (left > 0) copy_ahead(reinterpret_cast<Word*>(to), reinterpret_cast<const Word*>(from));
    if (asks_two && left > 1) copy_ahead(reinterpret_cast<Word*>(to + size), reinterpret_cast<const Word*>(from + size));
    from += (long long)apart * size;
    left -= apart;
  }
};
