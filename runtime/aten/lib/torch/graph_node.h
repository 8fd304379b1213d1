// Nodes of the autograd graph, which newer versions of PyTorch count by intrusive_ptr, older ones by shared_ptr.
#pragma once

#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/autograd/edge.h>
#include <torch/csrc/autograd/function.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace gems::aten {

using NodePointer = decltype(torch::autograd::Edge::function);

template <class Node, class... Arguments>
auto make_node(Arguments&&... arguments) {
  if constexpr (std::is_same_v<NodePointer, std::shared_ptr<torch::autograd::Node>>)
    // Found by the argument's namespace, so that a version without it compiles.
    return std::shared_ptr<Node>(new Node(std::forward<Arguments>(arguments)...), [](auto* node) { deleteNode(node); });
  else
    return c10::make_intrusive<Node>(std::forward<Arguments>(arguments)...);
}

// A template by the pointer, too, so that the branch that a version lacks is not compiled.
template <class Node, class Pointer = NodePointer>
Pointer pointer_to(Node& node) {
  if constexpr (requires { Pointer::reclaim_copy(&node); })
    return Pointer::reclaim_copy(&node);
  else
    return node.shared_from_this();
}

}  // namespace gems::aten
