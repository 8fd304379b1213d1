// Precompiled for gems_aten and each adapter: the headers of PyTorch that most of their files include. Every file still
// includes what it uses.
#pragma once

#include <ATen/TensorIterator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>
