// Remembers ATen's answers by overload, dtypes, priorities in promotion, kinds of numbers and flags, and by whether a
// tensor has one element: ATen multiplies float8 tensors, but not by one of a single element.
#include "first_call/aten_answer.h"

#include <c10/core/DefaultDtype.h>
#include <c10/util/DimVector.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

#include "torch/allocate.h"
#include "torch/switches.h"

namespace gems::aten {
namespace {

using Question = std::vector<std::uint64_t>;

void add(Question& question, const at::Tensor& tensor) {
  question.push_back(
      static_cast<std::uint64_t>(tensor.scalar_type()) | static_cast<std::uint64_t>(tensor.dim() > 0) << 8 |
      static_cast<std::uint64_t>(tensor.unsafeGetTensorImpl()->is_wrapped_number()) << 9 |
      static_cast<std::uint64_t>(tensor.is_cpu()) << 10 | static_cast<std::uint64_t>(tensor.numel() == 1) << 11);
}

Question question_of(const Request& request, const CallGeometry& geometry) {
  Question question;
  question.reserve(32);
  question.assign({request.call_site, reinterpret_cast<std::uintptr_t>(request.op),
                   static_cast<std::uint64_t>(c10::get_default_dtype_as_scalartype()),
                   static_cast<std::uint64_t>(geometry.device().type())});
  for (const at::Tensor& result : request.results)
    if (result.defined()) add(question, result);
  for (const CallArgument& argument : request.arguments) {
    question.push_back(static_cast<std::uint64_t>(argument.kind));
    switch (argument.kind) {
      case CallArgument::Kind::Tensor:
        add(question, *argument.tensor);
        break;
      case CallArgument::Kind::Number:
        question.push_back(static_cast<std::uint64_t>(argument.number->type()));
        break;
      case CallArgument::Kind::Flag:
        question.push_back(static_cast<std::uint64_t>(argument.flag.integer));
        for (const char c : argument.flag.chars) question.push_back(static_cast<std::uint64_t>(c));
        break;
    }
  }
  return question;
}

// Given wherever a complex half is allocated, and so by our own allocation too: it says nothing about the call.
constexpr std::string_view complex_half_warning = "ComplexHalf support is experimental";

class Listener final : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    heard_ = heard_ || !std::string_view(warning.msg()).starts_with(complex_half_warning);
  }
  bool heard() const { return heard_; }

 private:
  bool heard_ = false;
};

AtenAnswer ask(const AskAten& ask_aten) {
  const AllOff quiet;  // what ATen's kernel calls on its way is no call of the user's
  Listener listener;
  const c10::WarningUtils::WarningHandlerGuard guard(&listener);
  // A warning that ATen gives only once must be left for the call that ATen will do.
  const c10::WarningUtils::WarnAlways always;
  try {
    const at::ScalarType dtype = ask_aten();
    if (listener.heard()) return {.declined = DeclineReason::AtenWarns};
    return {.declined = std::nullopt, .dtype = dtype};
  } catch (const std::exception&) {
    return {.declined = DeclineReason::AtenRaises};
  }
}

struct Answers {
  std::mutex mutex;
  std::map<Question, AtenAnswer> known;
};

Answers& answers() {
  static Answers* all = new Answers;  // outlives the threads that may still ask while the process ends
  return *all;
}

}  // namespace

bool is_answered(const Request& request, const CallGeometry& geometry) {
  const Question question = question_of(request, geometry);
  const std::lock_guard lock(answers().mutex);
  return answers().known.contains(question);
}

AtenAnswer aten_answer(const Request& request, const CallGeometry& geometry) {
  const Question question = question_of(request, geometry);
  {
    const std::lock_guard lock(answers().mutex);
    const auto found = answers().known.find(question);
    if (found != answers().known.end()) return found->second;
  }
  const AtenAnswer answer = ask(*request.ask_aten);
  const std::lock_guard lock(answers().mutex);
  answers().known.emplace(question, answer);
  return answer;
}

at::Tensor small_like(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  const bool zero_dim = tensor.dim() == 0;
  const std::int64_t count = tensor.numel() == 1 ? 1 : 2;
  const at::DimVector sizes(zero_dim ? 0 : 1, count);
  const at::DimVector strides(zero_dim ? 0 : 1, 1);
  at::Tensor small = allocate(result_geometry(sizes, strides, tensor.scalar_type()), tensor.device());
  if (tensor.is_cpu()) {
    // Ones are true for bool and no zero for anything else, so that ATen has no division by zero to refuse.
    if (zero_dim)
      std::memcpy(small.mutable_data_ptr(), tensor.const_data_ptr(), tensor.element_size());
    else
      std::memset(small.mutable_data_ptr(), 1, static_cast<std::size_t>(count) * tensor.element_size());
  }
  if (zero_dim) small.unsafeGetTensorImpl()->set_wrapped_number(tensor.unsafeGetTensorImpl()->is_wrapped_number());
  return small;
}

}  // namespace gems::aten
