// All that a kernel author includes.
#pragma once

#include "gems/dsl/pointwise.h"
#include "gems/dsl/registry.h"
