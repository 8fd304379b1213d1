// The variants of the process: found by what a call's kernel depends on, made once each, never unloaded.
#pragma once

#include "backend/backend.h"
#include "variant/variant_key.h"

namespace gems {

const Backend& backend_of(const Device& device);

// Null when the variant is not loaded. No lock.
const Variant* find_variant(const VariantKey& key);

// Finds, waits for, or makes the variant: one thread makes it, others wait. A failure is kept and thrown again to every
// later caller, so that a kernel that cannot be compiled costs its compile once.
const Variant& find_or_make_variant(const VariantKey& key);

}  // namespace gems
