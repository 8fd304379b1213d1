"""Which calls of row operators must run on gems' kernels: the one table that the tests of reductions, softmax, norms and
losses assert. What is not in it is compared with ATen as well, but may decline.
"""

import gems

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")
HALVES_AND_SINGLE = ("float16", "bfloat16", "float32")
# ATen's overload: {device: dtypes of the first operand}.
SERVED = {
    "_softmax": {"cpu": FLOATS},
    "_softmax.out": {"cpu": FLOATS},
    "_softmax_backward_data": {"cpu": FLOATS},
    "_log_softmax": {"cpu": FLOATS},
    "_log_softmax.out": {"cpu": FLOATS},
    "_log_softmax_backward_data": {"cpu": FLOATS},
    "native_layer_norm": {"cpu": HALVES_AND_SINGLE},
    "native_layer_norm_backward": {"cpu": HALVES_AND_SINGLE},
}
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
