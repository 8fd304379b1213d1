"""The operators in terms of ATen's, derived from their traces: for torch.compile, DTensor, torch.export and ONNX.

A decomposition computes what the kernel computes, node by node, in the kernel's computation dtypes, and rounds once. It
has the kernel's shapes and dtypes; strides are those that ATen gives its last operator. Fake tensors do not go through
it: the library's own Meta kernels know the kernels' strides, for symbolic shapes too.
"""

import ctypes
import math
import operator

import torch
from torch._decomp import decomposition_table, meta_table

from ._library import check, library
from ._packed_gates import DECOMPOSITIONS as OF_PACKED_GATES
from ._rows import Rows

DTYPES = {
    "bool": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16, "i32": torch.int32, "i64": torch.int64,
    "u16": torch.uint16, "u32": torch.uint32, "u64": torch.uint64, "f16": torch.float16, "bf16": torch.bfloat16,
    "f32": torch.float32, "f64": torch.float64, "c32": torch.complex32, "c64": torch.complex64, "c128": torch.complex128,
    "f8e4m3fn": torch.float8_e4m3fn, "f8e5m2": torch.float8_e5m2, "f8e4m3fnuz": torch.float8_e4m3fnuz,
    "f8e5m2fnuz": torch.float8_e5m2fnuz, "f8e8m0fnu": torch.float8_e8m0fnu,
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def _is_tensor(value):
    return isinstance(value, torch.Tensor)


def _tensors(*values):
    """The values as tensors, numbers shaped like the first tensor."""
    like = next(value for value in values if _is_tensor(value))
    return [value if _is_tensor(value) else torch.full_like(like, value) for value in values]


def _with_tensors(function):
    return lambda *values: function(*_tensors(*values))


def _extremum(function, clamp):
    """clamp takes a number for the bound, maximum does not."""

    def extremum(x, y):
        if _is_tensor(x) and _is_tensor(y):
            return function(x, y)
        return clamp(x, y) if _is_tensor(x) else clamp(y, x)

    return extremum


def _select(condition, if_true, if_false):
    """DTensor knows where() of three tensors only."""
    if not _is_tensor(condition):
        return if_true if condition else if_false
    if _is_tensor(if_true) or _is_tensor(if_false):
        return torch.where(condition, *_tensors(if_true, if_false))
    return torch.where(condition, if_true, if_false)


def _bitwise(function, logical):
    """The logical operation on truth values, which is what DTensor knows."""

    def bitwise(*values):
        is_truth = all(value.dtype == torch.bool if _is_tensor(value) else isinstance(value, bool) for value in values)
        return logical(*_tensors(*values)) if is_truth else function(*values)

    return bitwise


# What each scalar operation of dsl/include/gems/dsl/scalar_ops.def is in ATen; casts, literals and
# what only rowwise ones have aside.
OPERATIONS = {
    "select": _select,
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "trunc_div": lambda x, y: torch.div(x, y, rounding_mode="trunc"),
    "floor_div": lambda x, y: torch.div(x, y, rounding_mode="floor"),
    "fmod": torch.fmod, "remainder": torch.remainder, "fma": lambda x, y, z: x * y + z,
    "min": _extremum(torch.minimum, torch.clamp_max), "max": _extremum(torch.maximum, torch.clamp_min),
    "fmin": _with_tensors(torch.fmin), "fmax": _with_tensors(torch.fmax),
    "bit_and": _bitwise(operator.and_, torch.logical_and), "bit_or": _bitwise(operator.or_, torch.logical_or),
    "bit_xor": _bitwise(operator.xor, torch.logical_xor), "bit_not": _bitwise(operator.invert, torch.logical_not),
    "shl": torch.bitwise_left_shift, "shr": torch.bitwise_right_shift,
    "eq": operator.eq, "ne": lambda x, y: torch.logical_not(x == y),  # DTensor knows ne() of numbers only
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    **{name: getattr(torch, name) for name in (
        "abs", "sqrt", "rsqrt", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
        "asin", "acos", "atan", "sinh", "cosh", "tanh", "sigmoid", "erf", "erfc", "floor", "ceil", "trunc", "round", "sign",
        "isnan", "isinf", "isfinite", "pow", "real", "imag",
    )},
    "atan2": _with_tensors(torch.atan2), "copysign": _with_tensors(torch.copysign), "nextafter": _with_tensors(torch.nextafter),
    "complex": _with_tensors(torch.complex), "conj": torch.conj_physical,
}  # fmt: skip

# Of numbers alone, which a call passes or a body writes.
OF_NUMBERS = {
    "max": max, "min": min, "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "reciprocal": lambda x: 1 / x,
    "conj": lambda x: x.conjugate(), "real": lambda x: x.real, "imag": lambda x: x.imag, "complex": complex,
    "bit_and": operator.and_, "bit_or": operator.or_, "bit_xor": operator.xor,
    "bit_not": lambda x: not x if isinstance(x, bool) else ~x, "ne": operator.ne,
}  # fmt: skip


def _apply(name, dtype, arguments):
    if name == "cast":
        (value,) = arguments
        return value.to(dtype) if _is_tensor(value) else value
    if name == "bit_cast":
        return arguments[0].view(dtype)
    if not any(_is_tensor(value) for value in arguments):
        return (OF_NUMBERS.get(name) or OPERATIONS[name])(*arguments)
    result = OPERATIONS[name](*arguments)
    if not _is_tensor(result) or result.dtype == dtype:  # a number that was selected
        return result
    return result.to(dtype)


def _literal(text, dtype):
    if dtype.is_complex:
        real, imag = (float.fromhex(part) for part in text.strip("()").split(", "))
        return complex(real, imag)
    if dtype.is_floating_point:
        return float.fromhex(text)
    return bool(int(text)) if dtype == torch.bool else int(text)


def _word(argument, kind):
    """What the library calls an argument of a schema's type."""
    if kind in ("Tensor", "Optional[Tensor]") and _is_tensor(argument):
        form = "tensor" if argument.dim() else "zero_dim"
        return f"{form}:{NAMES[argument.dtype]}"
    if kind == "Optional[Tensor]":
        return "absent"
    if kind in ("number", "Scalar", "Tensor"):
        of = {bool: "bool", int: "i64", float: "f64", complex: "c128", torch.SymInt: "i64", torch.SymFloat: "f64"}
        return f"number:{of[type(argument)]}"
    if argument is None:
        return "flag:"
    return f"flag:{str(argument).lower() if isinstance(argument, bool) else argument}"


def _trace(name, words):
    text = ctypes.c_char_p()
    check(library.gems_torch_trace(name.encode(), " ".join(words).encode(), text))
    return text.value.decode().splitlines()


def _bound(schema, arguments, keywords):
    """One value for each argument of the schema."""
    values = list(arguments)
    for argument in schema.arguments[len(values) :]:
        values.append(keywords[argument.name] if argument.name in keywords else argument.default_value)
    return values


def _rows_of(lines, values):
    """The rows of a rowwise operator's call, whose last two arguments say which dimensions are reduced."""
    operands = [line.replace(",", "").split() for line in lines if line.startswith("operand ")]
    elements = [values[int(words[7])] for words in operands if words[-1] == "element"]
    shape = torch.broadcast_shapes(*(value.shape for value in elements))
    dims, keepdim = values[-2:]
    return Rows(shape, [dims] if isinstance(dims, int) else dims, keepdim)


def _is_read(lines, values, tensor):
    """Whether a node or a result reads the operand that is this tensor: a gradient may take one for its shape alone."""
    split = [line.replace(",", "").split() for line in lines]
    names = {words[1] for words in split if words[0] == "operand" and values[int(words[7])] is tensor}
    nodes = {words[0] for words in split if words[2] == "operand" and words[3] in names}
    return any(nodes.intersection(words[1:]) for words in split)


def _row_operation(rows, operation, text, nodes, like):
    """What only rowwise ops have; None of other operations."""
    arguments = [nodes[int(word[1:])] for word in text.replace(",", "").split() if word.startswith("%")]
    if operation == "row_length":
        return rows.length
    if operation == "row_index":
        return rows.index(like)
    if operation == "pick":
        return rows.pick(*arguments, like)
    if operation == "reduce":
        reduction, _, part = text.split()[0].partition(".")
        return rows.reduce(reduction, int(part or 0), *arguments)
    return None


def _evaluate(name, schema, values):
    """The results of a call, from its trace."""
    is_rowwise = schema.arguments[-1].name == "keepdim"
    called = list(zip(values, schema.arguments, strict=True))[: -2 if is_rowwise else None]
    lines = _trace(name, [_word(value, str(argument.type)) for value, argument in called])
    tensors = [value for value, _ in called if _is_tensor(value)]
    rows = _rows_of(lines, values) if is_rowwise else None
    shape = None if is_rowwise else torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
    like = next((each for each in tensors if list(each.shape) == rows.shape), tensors[0]) if rows else None
    operands, nodes, results = {}, [], []
    is_read = rows is None or _is_read(lines, values, like)
    for line in lines:
        head, _, rest = line.partition(" ")
        if head == "operand":  # NAME FORM STORAGE as COMPUTE, position N
            words = rest.replace(",", "").split()
            value, compute = values[int(words[6])], DTYPES[words[4]]
            if rows and len(words) > 7:
                value = rows.operand(value, words[7])
            operands[words[0]] = value.to(compute) if _is_tensor(value) and value.dtype != compute else value
        elif head.startswith("%"):  # %N = OPERATION ARGUMENTS : DTYPE
            operation, _, rest = rest.removeprefix("= ").partition(" ")
            text, _, dtype = rest.rpartition(": ")
            text = text.rstrip()
            if rows and (value := _row_operation(rows, operation, text, nodes, like)) is not None:
                nodes.append(value.to(DTYPES[dtype]) if _is_tensor(value) else value)
            elif operation == "operand":
                nodes.append(operands[text])
            elif operation == "literal":
                nodes.append(_literal(text, DTYPES[dtype]))
            else:
                nodes.append(_apply(operation, DTYPES[dtype], [nodes[int(word[1:])] for word in text.split(", ")]))
        elif head == "result":  # NAME %N as DTYPE
            _, node, _, dtype, *extent = rest.replace(",", "").split()
            value, dtype = nodes[int(node[1:])], DTYPES[dtype]
            if not _is_tensor(value):
                value = torch.full_like(tensors[0] if rows is None else like, value, dtype=dtype)
            if rows:
                if extent[0] == "row" and not is_read:
                    value = rows.tie(value, like)
                value = rows.result(value, extent[0])
            elif value.shape != shape:
                value = value.expand(shape).clone(memory_format=torch.contiguous_format)
            value = value.to(dtype)
            results.append(value.clone() if any(value is tensor for tensor in tensors) else value)
    return results[0] if len(results) == 1 else tuple(results)


def _decomposition(name, overload):
    def decomposed(*arguments, **keywords):
        register_decompositions()
        return _evaluate(name, overload._schema, _bound(overload._schema, arguments, keywords))

    decomposed.__name__ = name.replace("::", "_")
    return decomposed


_decompositions, _names = {}, set()


def _register(overload, decomposed):
    _decompositions[overload] = decomposition_table[overload] = decomposed
    meta_table[overload] = overload  # fake tensors: the Meta kernel comes before the decomposition


def register_decompositions(gradients=True):
    """Makes the decompositions of all operators that the library has registered known to PyTorch; what is known stays.
    gradients: those of derivatives as well, whose names begin with an underscore."""
    for name in library.gems_torch_operators().decode().split():
        name_space, _, base = name.partition("::")
        if name in _names or (base.startswith("_") and not gradients):
            continue
        _names.add(name)
        overload = getattr(getattr(torch.ops, name_space), base).default
        _register(overload, _decomposition(name, overload))


def decompositions() -> dict:
    """Operator -> function of ATen operators, for torch.export's run_decompositions and for compilers.

    exported.run_decompositions(gems.decompositions()) leaves no operator of gems in the graph.
    """
    register_decompositions()
    return dict(_decompositions)


for _overload, _decomposed in OF_PACKED_GATES.items():
    _register(_overload, _decomposed)
# Looking up an overload takes 0.1 ms: gradients come after the first decomposition of what they are of.
register_decompositions(gradients=False)
