// Makes a variant.
#pragma once

#include "backend/backend.h"
#include "variant/variant_key.h"

namespace gems {

// Traces, compiles (or takes from the disk cache) and loads.
Variant build_variant(const VariantKey& key);

}  // namespace gems
