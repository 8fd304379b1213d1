// The variants of the process: found by what a call's kernel depends on, made once each, never unloaded.
#pragma once

#include "backend/backend.h"
#include "gems/runtime/plan.h"
#include "variant/key.h"

namespace gems {

const Backend& backend_of(const Device& device);

// 2 words of context, 4 a flag, 1 a result, 1 of layout.
using VariantKey = Key<2 + 4 * MaxOperands + MaxResults + 1>;
VariantKey variant_key(const PlanRequest& request, const KernelLayout& layout);

// Null when the variant is not loaded. No lock.
const Variant* find_variant(const VariantKey& key);

// Finds, waits for, or makes the variant: one thread makes it, others wait. A failure is kept and thrown again to every
// later caller, so that a kernel that cannot be compiled costs its compile once.
const Variant& find_or_make_variant(const VariantKey& key, const PlanRequest& request, const KernelLayout& layout);

// Traces, compiles (or takes from the disk cache) and loads; in variant_build.cpp.
Variant build_variant(const PlanRequest& request, const KernelLayout& layout);

}  // namespace gems
