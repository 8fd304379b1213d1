// InsertOnlyTable: values by key that stay for the life of the process, found without a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "variant/field_hash.h"

namespace gems {

// Value is constructed from the arguments of find_or_insert, under the table's mutex, at most once per key.
template <class Key, class Value>
class InsertOnlyTable {
 public:
  // Null when there is none.
  Value* find(const Key& key) const { return find(hash_of(key), key); }

  struct Inserted {
    Value* value;
    bool inserted;  // false: it was there
  };
  template <class... Arguments>
  Inserted find_or_insert(const Key& key, Arguments&&... arguments) {
    const std::uint64_t hash = hash_of(key);
    if (Value* found = find(hash, key)) return {found, false};
    std::lock_guard lock(mutex_);
    if (Value* found = find(hash, key)) return {found, false};
    std::atomic<Node*>& head = bucket(hash);
    Node* node =
        new Node{hash, key, head.load(std::memory_order_relaxed), Value(std::forward<Arguments>(arguments)...)};
    head.store(node, std::memory_order_release);
    return {&node->value, true};
  }

  // For pthread_atfork: a child must not inherit a mutex that a thread it does not have holds.
  std::mutex& mutex() { return mutex_; }

 private:
  static constexpr std::size_t BucketCount = 4096;
  struct Node {
    std::uint64_t hash;
    Key key;
    Node* next;
    Value value;
  };

  Value* find(std::uint64_t hash, const Key& key) const {
    for (Node* node = bucket(hash).load(std::memory_order_acquire); node; node = node->next)
      if (node->hash == hash && node->key == key) return &node->value;
    return nullptr;
  }
  std::atomic<Node*>& bucket(std::uint64_t hash) { return buckets_[hash % BucketCount]; }
  const std::atomic<Node*>& bucket(std::uint64_t hash) const { return buckets_[hash % BucketCount]; }

  std::mutex mutex_;
  std::array<std::atomic<Node*>, BucketCount> buckets_{};
};

}  // namespace gems
