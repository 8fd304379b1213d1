// A key made of 64-bit words with a running hash, on the stack; and tables that own such keys.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace gems {

template <std::size_t Capacity>
class Words {
 public:
  void add(std::uint64_t word) {
    words_[count_++] = word;
    // Multiply and fold, one step a word; a table compares whole keys, so the hash only has to spread.
    const auto product = static_cast<unsigned __int128>(hash_ ^ word) * 0x9e3779b97f4a7c15ull;
    hash_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^ count_;
  }
  std::uint64_t hash() const { return hash_; }
  std::span<const std::uint64_t> span() const { return {words_.data(), count_}; }

 private:
  std::array<std::uint64_t, Capacity> words_;  // only the first count_ are set
  std::size_t count_ = 0;
  std::uint64_t hash_ = 0x243f6a8885a308d3ull;
};

inline bool same_words(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// Values that stay for the life of the process, found without a lock. Value is constructed from the arguments of
// find_or_insert, under the table's mutex, at most once per key.
template <class Value>
class InsertOnlyTable {
 public:
  // Null when there is none.
  Value* find(std::uint64_t hash, std::span<const std::uint64_t> key) const {
    for (Node* node = bucket(hash).load(std::memory_order_acquire); node; node = node->next)
      if (node->hash == hash && same_words(node->key, key)) return &node->value;
    return nullptr;
  }

  struct Inserted {
    Value* value;
    bool inserted;  // false: it was there
  };
  template <class... Arguments>
  Inserted find_or_insert(std::uint64_t hash, std::span<const std::uint64_t> key, Arguments&&... arguments) {
    if (Value* found = find(hash, key)) return {found, false};
    std::lock_guard lock(mutex_);
    if (Value* found = find(hash, key)) return {found, false};
    std::atomic<Node*>& head = bucket(hash);
    Node* node = new Node{hash, std::vector<std::uint64_t>(key.begin(), key.end()),
                          head.load(std::memory_order_relaxed), Value(std::forward<Arguments>(arguments)...)};
    head.store(node, std::memory_order_release);
    return {&node->value, true};
  }

  // For pthread_atfork: a child must not inherit a mutex that a thread it does not have holds.
  std::mutex& mutex() { return mutex_; }

 private:
  static constexpr std::size_t BucketCount = 4096;
  struct Node {
    std::uint64_t hash;
    std::vector<std::uint64_t> key;
    Node* next;
    Value value;
  };
  std::atomic<Node*>& bucket(std::uint64_t hash) { return buckets_[hash % BucketCount]; }
  const std::atomic<Node*>& bucket(std::uint64_t hash) const { return buckets_[hash % BucketCount]; }

  std::mutex mutex_;
  std::array<std::atomic<Node*>, BucketCount> buckets_{};
};

}  // namespace gems
