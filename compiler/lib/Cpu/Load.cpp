// load_cpu: links an object into this process through ORC. Each object is a library of its own, so equal names of
// kernels and of their private functions never meet.
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "Cpu/LaneCalls.h"
#include "Cpu/Target.h"
#include "gems/compiler/cpu.h"
#include "gems/dsl/error.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"

namespace gems {
namespace {

std::string text(llvm::Error error) { return llvm::toString(std::move(error)); }

// Where kernels find the C library: by address, since a process that loads gems as a plugin need not have the library
// among its global symbols.
class Linker {
 public:
  Linker() {
    cpu::hostTarget();  // initializes the target
    auto created = llvm::orc::LLJITBuilder().create();
    if (!created) throw Error(fmt::format("LLVM's linker cannot start in this process: {}", text(created.takeError())));
    jit_ = std::move(*created);
    // Otherwise on stderr, and what lookup returns only says which symbol is missing.
    jit_->getExecutionSession().setErrorReporter([this](llvm::Error error) { note(text(std::move(error))); });
    auto library = jit_->createJITDylib("libc");
    if (!library) throw Error(text(library.takeError()));
    library_ = &*library;
    llvm::orc::SymbolMap symbols;
    for (const cpu::LibraryFunction& function : cpu::libraryFunctions())
      symbols[jit_->mangleAndIntern(function.name)] = {llvm::orc::ExecutorAddr::fromPtr(function.address),
                                                       llvm::JITSymbolFlags::Exported};
    if (auto error = library_->define(llvm::orc::absoluteSymbols(std::move(symbols))))
      throw Error(text(std::move(error)));
  }

  CpuKernel load(const CpuObject& object) {
    auto own = jit_->createJITDylib(fmt::format("{}.{}", object.name, count_++));
    if (!own) return fail(object, own.takeError());
    own->addToLinkOrder(*library_);
    llvm::StringRef bytes(object.bytes.data(), object.bytes.size());
    if (auto error = jit_->addObjectFile(*own, llvm::MemoryBuffer::getMemBufferCopy(bytes, object.name)))
      return fail(object, std::move(error));
    auto address = jit_->lookup(*own, object.name);
    if (!address) return fail(object, address.takeError());
    return address->toPtr<CpuKernel>();
  }

 private:
  [[noreturn]] CpuKernel fail(const CpuObject& object, llvm::Error error) {
    throw Error(fmt::format("CPU kernel '{}' cannot be loaded from its {} bytes: {}{}", object.name,
                            object.bytes.size(), text(std::move(error)), take_notes()));
  }

  void note(const std::string& problem) {
    const std::lock_guard lock(mutex_);
    notes_ += "; " + problem;
  }
  std::string take_notes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
  }

  std::unique_ptr<llvm::orc::LLJIT> jit_;
  llvm::orc::JITDylib* library_ = nullptr;
  std::atomic<unsigned> count_ = 0;
  std::mutex mutex_;
  std::string notes_;  // problems that the linker met and lookup has not returned
};

}  // namespace

CpuKernel load_cpu(const CpuObject& object) {
  // Never destroyed: kernels stay callable while other threads and static objects are being torn down.
  static Linker* const linker = new Linker;
  return linker->load(object);
}

}  // namespace gems
