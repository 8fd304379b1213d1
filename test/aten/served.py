"""Which calls of row operators must run on gems' kernels: the one table that the tests of reductions, softmax, norms and
losses assert. What is not in it is compared with ATen as well, but may decline.
"""

import gems

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")
HALVES = ("float16", "bfloat16")
HALVES_AND_SINGLE = (*HALVES, "float32")
ORDERED = (*FLOATS, *INTEGERS, "bool")
SHORT_INTEGERS = ("int32", "int16", "int8", "uint8", "bool")
NOT_UINT8 = (*FLOATS, "int64", "int32", "int16", "int8", "bool")


def _on_cpu(dtypes, *overloads):
    return {name: {"cpu": dtypes} for name in overloads}


def _on_both(dtypes, *overloads):
    return {name: {"cpu": dtypes, "cuda": dtypes} for name in overloads}


# ATen's overload: {device: dtypes of the first operand}.
SERVED = (
    _on_both(FLOATS, "_softmax", "_softmax.out", "_softmax_backward_data", "_log_softmax", "_log_softmax.out",
            "_log_softmax_backward_data")
    | _on_both(HALVES_AND_SINGLE, "native_layer_norm", "native_layer_norm_backward", "_fused_rms_norm",
              "_fused_rms_norm_backward")
    | _on_both((*HALVES, *SHORT_INTEGERS), "sum.dim_IntList", "sum.IntList_out")
    | _on_both(HALVES, "mean.dim", "mean.out")
    | _on_cpu((*HALVES, *INTEGERS, "bool"), "prod", "prod.dim_int", "prod.int_out")
    | _on_both((*HALVES, "bool"), "amax", "amax.out", "amin", "amin.out", "max", "max.unary_out", "min", "min.unary_out")
    | _on_both(ORDERED, "max.dim", "max.dim_max", "min.dim", "min.dim_min", "count_nonzero.dim_IntList")
    | _on_both((*FLOATS, *INTEGERS), "argmax", "argmax.out", "argmin", "argmin.out")
    | _on_cpu(NOT_UINT8, "all", "all.all_out", "all.dim", "all.out", "all.dims", "all.dims_out")
    | _on_cpu(NOT_UINT8, "any", "any.all_out", "any.dim", "any.out", "any.dims", "any.dims_out")
    | _on_both(FLOATS, "var.correction", "var.correction_out", "std.correction", "std.correction_out",
              "var_mean.correction", "std_mean.correction", "linalg_vector_norm", "linalg_vector_norm.out")
    | _on_cpu((*HALVES_AND_SINGLE, *INTEGERS, "bool"), "logsumexp")
    | _on_both(FLOATS, "native_group_norm", "native_group_norm_backward", "nll_loss_forward",
              "nll_loss_forward.output", "nll_loss_backward", "nll_loss_backward.grad_input")
)  # fmt: skip
# What reports give for calls of them that ATen does faster.
NOT_FASTER = "reduction that ATen does faster"


def is_served(overload, dtype, device):
    return str(dtype)[6:] in SERVED.get(overload, {}).get(device, ())


def not_served(overloads, dtype, device, may_decline=()):
    """What the counters of the last call say against the table, as sentences: which of the overloads ATen computed."""
    wanted, found = [name for name in overloads if is_served(name, dtype, device)], []
    report = gems.report() if wanted else {}
    for name in wanted:
        if name not in report or not report[name].calls:
            found.append(f"no override of {name} was called; called: {sorted(n for n in report if report[n].calls)}")
            continue
        declined = {why: count for why, count in report[name].declined.items() if count and why not in (*may_decline, NOT_FASTER)}
        if declined:
            found.append(f"{name} declined {declined} of {report[name].calls} calls with {dtype} on {device}")
        elif not report[name].served and not report[name].declined:
            found.append(f"{name} was called, but not served, with {dtype} on {device}")
    return found
