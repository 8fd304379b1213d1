#!/usr/bin/env python3
"""Prints ApproximationCoefficients.h: polynomials for results that are rounded to f16 or bf16.

As coefficients.py of the CPU kernels, which fits them. Run: approximation_coefficients.py > ApproximationCoefficients.h
"""
import pathlib
import sys

import mpmath as mp
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Cpu"))
from coefficients import remez, root  # noqa: E402

ONE = mp.mpf(1)
ERF_END = mp.mpf("2.65")  # erf rounds to 1 in f16 from here on
ERFC_END = mp.mpf("9.65")  # x (1 + erf(x)) rounds to 0 in bf16 below minus this
TANH_END = mp.mpf("4.65")  # tanh rounds to 1 in f16 from here on
LOG1P_END = ONE / 16
EXPM1_END = ONE / 4
# The reduced argument exceeds pi/2 a little, for n is rounded from a rounded quotient.
SIN_END = mp.mpf("1.5725")


def near(f):
    """f(x) / x, which tends to 1 at 0."""
    return lambda x: f(x) / x if abs(x) > mp.mpf(10) ** -20 else ONE


TABLE = [
    ("Expm1", "(e^x - 1) / x, |x| <= Expm1End", near(mp.expm1), -EXPM1_END, EXPM1_END, 3),
    ("Erf", "erf(x) / x in x^2, x <= ErfEnd", root(mp.erf, 2 / mp.sqrt(mp.pi)), 0, ERF_END**2, 9),
    ("Log2Erfc", "log2(erfc(x)), 0 <= x <= 9.65, weighted with 2^(-x / 2)", lambda x: mp.log(mp.erfc(x), 2), 0, ERFC_END,
     9, lambda x: mp.mpf(2) ** (-x / 2)),
    ("Log2TailF16", "log2 of the normal tail beyond x, x <= 6.1", lambda x: mp.log(mp.erfc(x / mp.sqrt(2)) / 2, 2), 0,
     mp.mpf("6.1"), 7, lambda x: mp.mpf(2) ** (-x / 8)),
    ("Log2TailBf16", "the same, x <= 13.7", lambda x: mp.log(mp.erfc(x / mp.sqrt(2)) / 2, 2), 0, mp.mpf("13.7"), 7,
     lambda x: mp.mpf(2) ** (-x / 16)),
    ("Log1p", "log(1 + x) / x, |x| <= Log1pEnd", near(mp.log1p), -LOG1P_END, LOG1P_END, 3),
    ("Sin", "sin(x) / x in x^2, x <= 1.5725", root(mp.sin, ONE), 0, SIN_END**2, 3),
]  # fmt: skip


def rational(f, hi, degree, divisor_degree, rounds=240):
    """P and Q with the least relative error of P / Q on [0, hi]: least squares, weighted anew by the error (Lawson)."""
    t = hi / 2 - hi / 2 * np.cos(np.pi * (np.arange(400) + 0.5) / 400)
    y = np.array([float(f(mp.mpf(each))) for each in t])
    weight, divisor, best = np.full_like(t, 1 / len(t)), np.ones_like(t), None
    for _ in range(rounds):
        w = np.sqrt(weight) / (np.abs(y) * divisor)
        columns = np.hstack(
            [t[:, None] ** np.arange(degree + 1), -y[:, None] * t[:, None] ** np.arange(1, divisor_degree + 1)]
        )
        c = np.linalg.lstsq(columns * w[:, None], y * w, rcond=None)[0]
        p, q = c[: degree + 1], np.concatenate([[1.0], c[degree + 1 :]])
        divisor = np.abs(np.polyval(q[::-1], t))
        error = np.abs(np.polyval(p[::-1], t) / np.polyval(q[::-1], t) / y - 1)
        if best is None or error.max() < best[2]:
            best = p, q, error.max()
        weight = weight * error
        weight /= weight.sum()
    return best


def show(name, text, coefficients):
    print(f"// {text}.")
    print(f"inline constexpr double {name}[] = {{")
    for k in range(0, len(coefficients), 4):
        print("    " + " ".join(f"{float(v)!r}," for v in coefficients[k : k + 4]))
    print("};\n")


def main():
    print("// Polynomials behind pw.approximate, constant term first; read by Approximation.cpp.")
    print("// Written by approximation_coefficients.py; change that file, not this one.")
    print("#pragma once\n\nnamespace gems::pw::coefficients {\n")
    for name, value in {"ErfEnd": ERF_END, "TanhEnd": TANH_END, "Log1pEnd": LOG1P_END, "Expm1End": EXPM1_END}.items():
        print(f"inline constexpr double {name} = {float(value)!r};")
    print()
    for name, text, f, lo, hi, degree, *weight in TABLE:
        c, error = remez(f, lo, hi, degree, *weight)
        show(name, f"{text}; {'' if weight else 'relative '}error 2^{float(mp.log(error, 2)):.1f}", c)
    p, q, error = rational(root(mp.tanh, ONE), float(TANH_END) ** 2, 2, 3)
    show("TanhNumerator", "tanh(x) / x in x^2, x <= TanhEnd, by TanhDenominator", p)
    show("TanhDenominator", f"see there; relative error 2^{np.log2(error):.1f}", q)
    print("}  // namespace gems::pw::coefficients")


main()
