// Whether somebody sees which operators are called.
#pragma once

#include <c10/core/DispatchKeySet.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace gems::aten {

// Modes, transforms, tracers and compilers of this thread: they are to see operators that they know.
inline bool is_watched() {
  constexpr c10::DispatchKeySet usual = c10::default_included_set | c10::autocast_dispatch_keyset;
  return !(c10::impl::tls_local_dispatch_key_set().included_ - usual).empty();
}

}  // namespace gems::aten
