// The trace of an operator's call, as text: what decompositions are made from.
#pragma once

#include <string>
#include <string_view>

namespace gems::aten {

// name: "gems::gelu". call: one word for each operand, separated by blanks: a kind and a dtype ("tensor:f32",
// "zero_dim:bf16", "number:f64"), or a flag ("flag:tanh", "flag:3", "flag:true", "flag:" for none). Throws gems::Error
// for what the op does not take.
std::string trace_text(const std::string& name, std::string_view call);

}  // namespace gems::aten
