// Packs a call's geometry into words; declines what no plan can stand for.
#include "geometry/call_geometry.h"

#include <c10/core/DefaultDtype.h>

#include <array>
#include <bit>
#include <string_view>
#include <type_traits>

#include "gems/aten/dtype.h"
#include "geometry/call_operand.h"
#include "geometry/memory_overlap.h"
#include "geometry/number_value.h"
#include "geometry/plain_tensor.h"
#include "torch/named_tensors.h"

namespace gems::aten {
namespace {

bool is_number(const at::TensorImpl& tensor) { return tensor.is_wrapped_number() && tensor.is_cpu(); }

// Whether it is a multiple of 16, of 4, or of less.
std::uint64_t alignment_class(const void* address) {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return value % 16 == 0 ? 2 : value % 4 == 0 ? 1 : 0;
}

// Room for a flag or number at every position, and the words at either end.
constexpr std::size_t WordsBesideTensors = 4 * MaxOperands + 10;

// Of a result that the call does not give: no operand begins with it.
constexpr std::uint64_t Allocated = 0xFF;

// What an operand's first word has beside the operand's own fields: the alignment and rank of a tensor; whether a
// number came as a tensor.
constexpr int AlignmentShift = 40;
constexpr int RankShift = 48;
constexpr std::uint64_t OperandBits = (std::uint64_t{1} << AlignmentShift) - 1;
std::uint64_t tensor_bits(std::int64_t rank, std::uint64_t alignment) {
  return static_cast<std::uint64_t>(rank) << RankShift | alignment << AlignmentShift;
}
constexpr std::uint64_t WrappedBit = std::uint64_t{1} << 42;

// Of a flag, behind the first one.
constexpr std::size_t FlagWords = (sizeof(FlagValue::integer) + sizeof(FlagValue::chars)) / 8;

// A sum of folded products, two words each: no step waits for the one before. A table compares all words, so the hash
// only has to spread.
std::uint64_t hash_of(std::span<const std::uint64_t> pairs) {
  std::uint64_t hash = 0;
  std::uint64_t place = 0x9E3779B97F4A7C15u;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const auto product = static_cast<unsigned __int128>(pairs[i] ^ place) * (pairs[i + 1] ^ 0xD1B54A32D192ED03u);
    hash += static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    place += 0x9E3779B97F4A7C15u;
  }
  return hash;
}

// Where a plain tensor's elements begin, without the questions that TensorImpl::data() asks of other kinds.
const void* address_of(const at::TensorImpl& tensor, const void* storage) {
  if (tensor.is_empty()) return nullptr;
  return static_cast<const char*>(storage) + tensor.itemsize() * static_cast<std::size_t>(tensor.storage_offset());
}
const void* read_address(const at::TensorImpl& tensor) {
  return address_of(tensor, tensor.unsafe_storage().unsafeGetStorageImpl()->data());
}
// Gives a copy-on-write tensor memory of its own.
void* written_address(at::TensorImpl& tensor) {
  return const_cast<void*>(address_of(tensor, tensor.unsafe_storage().unsafeGetStorageImpl()->mutable_data()));
}

}  // namespace

// Where the next word goes: a local of collect(), so that it stays in a register.
class CallGeometry::Writer {
 public:
  explicit Writer(std::array<std::uint64_t, MaxWords>& words) : next_(words.data()), end_(next_ + MaxWords) {}

  void push(std::uint64_t word) { *next_++ = word; }
  // The first word has the fields of one byte. Operands that are no flags have none of a flag's.
  [[gnu::always_inline]] void push_operand(const CallOperand& operand, std::uint64_t bits) {
    std::uint64_t& first = *next_++;
    int shift = 0;
    const auto add = [&](const auto& self, const auto& field) __attribute__((always_inline)) {
      using Field = std::remove_cvref_t<decltype(field)>;
      if constexpr (std::is_same_v<Field, FlagValue>) {
        if (operand.kind == CallOperand::Kind::Flag)
          for_each_field(field, [&](std::string_view, const auto& inner) { self(self, inner); });
      } else if constexpr (sizeof(Field) == 1) {
        bits |= static_cast<std::uint64_t>(field) << shift;
        shift += 8;
      } else {
        static_assert(sizeof(Field) % 8 == 0);
        for (const std::uint64_t word : std::bit_cast<std::array<std::uint64_t, sizeof(Field) / 8>>(field)) push(word);
      }
    };
    for_each_field(operand, [&](std::string_view, const auto& field) { add(add, field); });
    first = bits;
  }
  bool has_room(std::size_t words) const { return words <= static_cast<std::size_t>(end_ - next_); }
  std::uint64_t* next() const { return next_; }

 private:
  std::uint64_t* next_;
  std::uint64_t* end_;
};

std::optional<DeclineReason> CallGeometry::find_device(const Request& request) {
  std::uint64_t keys = 0;
  bool any_named = false;
  bool has_tensor = false;
  bool has_cpu_dims = false;
  bool has_two_devices = false;
  const auto look = [&](const at::TensorImpl& tensor, bool may_be_scalar) __attribute__((always_inline)) {
    keys |= tensor.key_set().raw_repr();
    any_named |= is_named(tensor);
    has_tensor |= !is_number(tensor);
    const at::Device device = tensor.device();
    if (device.is_cpu()) {
      has_cpu_dims |= tensor.dim() > 0 || !may_be_scalar;
    } else {
      has_two_devices |= !device_.is_cpu() && device_ != device;
      device_ = device;
    }
  };
  for (const CallArgument& argument : request.arguments) {
    if (argument.kind != CallArgument::Kind::Tensor) continue;
    if (!argument.tensor->defined()) return DeclineReason::Arguments;
    look(*argument.tensor->unsafeGetTensorImpl(), true);
  }
  for (const at::Tensor& result : request.results)
    if (result.defined()) look(*result.unsafeGetTensorImpl(), false);
  if (auto reason = refuse_kinds(keys, any_named)) return reason;
  if (!has_tensor) return DeclineReason::Arguments;
  if (has_two_devices || (!device_.is_cpu() && has_cpu_dims)) return DeclineReason::Devices;
  return std::nullopt;
}

inline std::optional<DeclineReason> CallGeometry::add_tensor(Writer& writer, const at::TensorImpl& tensor,
                                                             const void* address) {
  const auto dtype = to_dtype(tensor.dtype().toScalarType());
  if (!dtype) return DeclineReason::Dtype;
  const auto sizes = tensor.sizes();
  const auto strides = tensor.strides();
  if (!writer.has_room(2 * sizes.size() + WordsBesideTensors)) return DeclineReason::Rank;
  const auto rank = static_cast<std::int64_t>(sizes.size());
  writer.push_operand(tensor_operand(*dtype, rank), tensor_bits(rank, alignment_class(address)));
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    writer.push(static_cast<std::uint64_t>(sizes[d]));
    writer.push(static_cast<std::uint64_t>(strides[d]));
  }
  return std::nullopt;
}

std::optional<DeclineReason> CallGeometry::add_number(Writer& writer, const at::Tensor& tensor) {
  const auto dtype = to_dtype(tensor.scalar_type());
  if (!dtype || !to_number(tensor, numbers_[number_count_++])) return DeclineReason::Dtype;
  if (is_number(*tensor.unsafeGetTensorImpl()))
    writer.push_operand(number_operand(*dtype), WrappedBit);
  else
    writer.push_operand(cpu_scalar_operand(*dtype), 0);
  return std::nullopt;
}

// Which results are exactly an argument (safe: each element is read before it is written), and no other overlap.
std::optional<DeclineReason> CallGeometry::add_aliases(Writer& writer, const Request& request) {
  std::uint64_t aliases = 0;
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    if (!request.results[r].defined()) continue;
    const at::TensorImpl& result = *request.results[r].unsafeGetTensorImpl();
    const auto overlap_with = [&](const at::Tensor& other, const void* address) {
      return overlap_of(result, result_addresses_[r], *other.unsafeGetTensorImpl(), address);
    };
    std::size_t address = 0;
    for (std::size_t i = 0; i < request.arguments.size(); ++i) {
      if (!in_memory_[i]) continue;
      switch (overlap_with(*request.arguments[i].tensor, addresses_[address++])) {
        case Overlap::None:
          break;
        case Overlap::Same:
          aliases |= std::uint64_t{1} << (r * MaxOperands + i);
          break;
        case Overlap::Partial:
          return DeclineReason::Overlap;
      }
    }
    for (std::size_t other = 0; other < r && !request.rules.disjoint_results; ++other)
      if (request.results[other].defined() &&
          overlap_with(request.results[other], result_addresses_[other]) != Overlap::None)
        return DeclineReason::Overlap;
  }
  writer.push(aliases);
  return std::nullopt;
}

std::optional<DeclineReason> CallGeometry::collect(const Request& request) {
  if (auto reason = find_device(request)) return reason;
  Writer writer(words_);
  writer.push(reinterpret_cast<std::uintptr_t>(request.op));
  writer.push(request.call_site | static_cast<std::uint64_t>(c10::get_default_dtype_as_scalartype()) << 32 |
              static_cast<std::uint64_t>(device_.type()) << 40 | static_cast<std::uint64_t>(device_.index() + 1) << 48);

  if (request.op->is_rowwise) {
    writer.push(request.rows.reduced);
    writer.push(request.rows.keepdim);
  }

  // Results first: a copy-on-write result gets its own memory now, before its address is read as an argument's.
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    if (!request.results[r].defined()) {
      writer.push(Allocated);
      continue;
    }
    at::TensorImpl& result = *request.results[r].unsafeGetTensorImpl();
    result_addresses_[r] = written_address(result);
    if (auto reason = add_tensor(writer, result, result_addresses_[r])) return reason;
  }
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const CallArgument& argument = request.arguments[i];
    switch (argument.kind) {
      case CallArgument::Kind::Tensor: {
        const at::TensorImpl& tensor = *argument.tensor->unsafeGetTensorImpl();
        if (is_number(tensor) || (!device_.is_cpu() && tensor.is_cpu())) {
          if (auto reason = add_number(writer, *argument.tensor)) return reason;
          break;
        }
        in_memory_[i] = true;
        const void* address = read_address(tensor);
        addresses_[address_count_++] = const_cast<void*>(address);
        if (auto reason = add_tensor(writer, tensor, address)) return reason;
        break;
      }
      case CallArgument::Kind::Number: {
        NumberValue& number = numbers_[number_count_++];
        if (!to_number(*argument.number, number)) return DeclineReason::Dtype;
        writer.push_operand(number_operand(number.dtype), 0);
        break;
      }
      case CallArgument::Kind::Flag:
        writer.push_operand(flag_operand(argument.flag), 0);
        break;
      case CallArgument::Kind::Absent:
        writer.push_operand(absent_operand(), 0);
        break;
    }
  }
  if (auto reason = add_aliases(writer, request)) return reason;
  count_ = static_cast<std::size_t>(writer.next() - words_.data());
  if (count_ % 2 != 0) *writer.next() = 0;
  hash_ = hash_of({words_.data(), (count_ + 1) / 2 * 2});
  return std::nullopt;
}

KindWords CallGeometry::kind_words(const Request& request) const {
  KindWords kind;
  const std::uint64_t* next = words_.data();
  const auto take = [&](std::size_t count) {
    kind.append(next, next + count);
    next += count;
  };
  const auto take_tensor = [&](bool with_sizes) {
    const std::uint64_t first = *next++;
    const std::size_t rank = first >> RankShift;
    bool is_one = true;
    for (std::size_t d = 0; d < rank; ++d) is_one = is_one && next[2 * d] == 1;
    kind.push_back((first & OperandBits) | static_cast<std::uint64_t>(is_one) << AlignmentShift);
    if (with_sizes) {
      kind.push_back(rank);
      for (std::size_t d = 0; d < rank; ++d)
        kind.push_back(static_cast<std::uint64_t>(probe_size(static_cast<std::int64_t>(next[2 * d]))));
    }
    next += 2 * rank;
  };
  take(2);
  const bool with_sizes = request.op->is_rowwise && request.aten_probe != nullptr;
  if (with_sizes)
    take(2);
  else if (request.op->is_rowwise)
    next += 2;
  for (const at::Tensor& result : request.results) result.defined() ? take_tensor(with_sizes) : take(1);
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    if (in_memory_[i])
      take_tensor(with_sizes);
    else
      take(request.arguments[i].kind == CallArgument::Kind::Flag ? 1 + FlagWords : 1);
  }
  return kind;
}

}  // namespace gems::aten
