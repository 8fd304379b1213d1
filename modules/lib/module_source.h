// The traces of a module's op: asked from the module, as text, and checked.
#pragma once

#include <string>

#include "gems/dsl/trace.h"
#include "gems/module.h"

namespace gems {

class ModuleSource final : public TraceSource {
 public:
  // All must outlive the source.
  ModuleSource(const gems_module& module, const gems_operator& op, const std::string& path)
      : module_(module), op_(op), path_(path) {}

  TraceGraph trace(const OpDef& op, std::span<const CallOperand> operands, const ResolvedTypes& types,
                   std::span<const DType> result_dtypes) const override;

 private:
  const gems_module& module_;
  const gems_operator& op_;
  const std::string& path_;
};

}  // namespace gems
