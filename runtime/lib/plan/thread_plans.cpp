// Owns the table of each thread. See thread_plans.h.
#include "plan/thread_plans.h"

namespace gems {
namespace {

// Read on every call: a plain pointer, because a thread_local with a destructor is reached through a guard.
constinit thread_local ThreadPlans* current = nullptr;
constinit thread_local bool ended = false;

struct Owner {
  std::unique_ptr<ThreadPlans> plans = std::make_unique<ThreadPlans>();
  ~Owner() {
    current = nullptr;
    ended = true;
  }
};

ThreadPlans* make() {
  if (ended) return nullptr;
  thread_local Owner owner;
  return current = owner.plans.get();
}

}  // namespace

ThreadPlans* thread_plans() { return current ? current : make(); }

}  // namespace gems
