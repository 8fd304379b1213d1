#!/usr/bin/env python3
"""Prints Coefficients.h: the polynomials behind the f32 functions of the CPU kernels, fitted by Remez exchange.

Each row is a function of one variable on an interval, fitted for the least relative error, or the least error times a
weight, in the powers of that variable, constant term first. Needs mpmath and numpy. Run: coefficients.py > Coefficients.h
"""
import mpmath as mp
import numpy as np

mp.mp.dps = 50


def remez(f, lo, hi, degree, weight=None):
    """Coefficients with the least maximum of |p - f| * weight on [lo, hi] (1 / |f| when not given), and that maximum."""
    weight = weight or (lambda x: 1 / abs(f(x)))
    lo, hi, n = mp.mpf(lo), mp.mpf(hi), degree + 2
    points = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]
    grid = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n * 40)) for i in range(n * 40 + 1)]
    values = [(f(x), weight(x)) for x in grid]
    for _ in range(12):
        a = mp.matrix(n, n)
        b = mp.matrix(n, 1)
        for row, x in enumerate(points):
            w = weight(x)
            for k in range(degree + 1):
                a[row, k] = x**k * w
            a[row, degree + 1] = (-1) ** row
            b[row] = f(x) * w
        solution = mp.lu_solve(a, b)
        c = [solution[k] for k in range(degree + 1)]
        error = [(mp.polyval(c[::-1], x) - y) * w for x, (y, w) in zip(grid, values)]
        # One extremum for each run of equal sign.
        extrema, start = [], 0
        for i in range(1, len(grid) + 1):
            if i == len(grid) or mp.sign(error[i]) != mp.sign(error[start]):
                extrema.append(max(range(start, i), key=lambda j: abs(error[j])))
                start = i
        if len(extrema) < n:
            break
        while len(extrema) > n:
            extrema.pop(0 if abs(error[extrema[0]]) < abs(error[extrema[-1]]) else -1)
        fresh = [grid[i] for i in extrema]
        if max(abs(p - q) for p, q in zip(fresh, points)) < mp.mpf(10) ** -12:
            break
        points = fresh
    return c, max(abs(e) for e in error)


def ratio(f, limit):
    """f(x) / x, with its limit at 0."""
    return lambda x: limit if abs(x) < mp.mpf(10) ** -30 else f(x) / x


def root(f, limit):
    """f(sqrt(t)) / sqrt(t), for odd f as a function of t = x * x."""
    return lambda t: limit if abs(t) < mp.mpf(10) ** -40 else f(mp.sqrt(t)) / mp.sqrt(t)


ONE = mp.mpf(1)
HALF = ONE / 2
ERF_END = mp.mpf("3.95")  # erf is 1 in f32 from here on
ERFC_END = mp.mpf("10.2")  # erfc is 0 in f32 from here on
ERFC_CENTRE = mp.mpf(2)
ERF_CUT = mp.mpf("1.1")
TANH_CUT = mp.mpf("0.9")
TABLE = [
    ("Exp2", "(2^f - 1) / f, |f| <= 1/2", ratio(lambda f: mp.expm1(f * mp.log(2)), mp.log(2)), -HALF, HALF, 6),
    ("Exp2Short", "the same", ratio(lambda f: mp.expm1(f * mp.log(2)), mp.log(2)), -HALF, HALF, 5),
    ("Exp2Approximate", "the same, weighted with f / 2^f", ratio(lambda f: mp.expm1(f * mp.log(2)), mp.log(2)), -HALF,
     HALF, 4, lambda f: abs(f) / 2**f),
    ("Exp2Bf16", "the same", ratio(lambda f: mp.expm1(f * mp.log(2)), mp.log(2)), -HALF, HALF, 2, lambda f: abs(f) / 2**f),
    ("Log2Approximate", "log2(1 + f) / f, 1 + f from 3/4 to 3/2", ratio(lambda f: mp.log1p(f) / mp.log(2), 1 / mp.log(2)),
     -HALF / 2, HALF, 8),
    ("Log2", "log2(1 + f) / f, 1 + f from sqrt(1/2) to sqrt(2)",
     ratio(lambda f: mp.log1p(f) / mp.log(2), 1 / mp.log(2)), mp.sqrt(HALF) - 1, mp.sqrt(2) - 1, 10),
    ("Log2Pow", "the same, for pow, where an exponent of up to 150 magnifies the error",
     ratio(lambda f: mp.log1p(f) / mp.log(2), 1 / mp.log(2)), mp.sqrt(HALF) - 1, mp.sqrt(2) - 1, 15),
    ("Sin", "sin(r) / r in t = r * r, |r| <= pi/4", root(mp.sin, ONE), 0, (mp.pi / 4) ** 2 * mp.mpf("1.001"), 3),
    ("Cos", "cos(r) in t = r * r, |r| <= pi/4", lambda t: mp.cos(mp.sqrt(t)), 0, (mp.pi / 4) ** 2 * mp.mpf("1.001"), 4),
    ("Asin", "asin(s) / s in t = s * s, s <= 1/2", root(mp.asin, ONE), 0, ONE / 4, 6),
    ("Atan", "atan(q) / q in t = q * q, q <= 1", root(mp.atan, ONE), 0, ONE, 10),
    ("Erfcx", "exp(x * x) erfc(x) in q = (x - ErfcCentre) / (x + ErfcCentre), 0 <= x <= ErfcEnd",
     lambda q: (lambda x: mp.exp(x * x) * mp.erfc(x))(ERFC_CENTRE * (1 + q) / (1 - q)), -1,
     (ERFC_END - ERFC_CENTRE) / (ERFC_END + ERFC_CENTRE), 12),
    ("ExpTail", "(e^r - 1 - r) / r^2, |r| <= ln(2) / 2", lambda r: mp.hyp1f1(1, 3, r) / 2, -mp.log(2) / 2,
     mp.log(2) / 2, 5, lambda r: r * r),
    ("ErfNear", "erf(x) / x - 1 in t = x * x, x <= ErfCut", lambda t: root(mp.erf, 2 / mp.sqrt(mp.pi))(t) - 1, 0,
     ERF_CUT**2, 6, lambda t: 1),
    ("ErfFar", "log2(erfc(x)), ErfCut <= x <= ErfEnd, weighted with erfc(x)", lambda x: mp.log(mp.erfc(x), 2), ERF_CUT,
     ERF_END, 6, mp.erfc),
    ("TanhNear", "(tanh(x) / x - 1) / t in t = x * x, x <= TanhCut, weighted with t",
     lambda t: (root(mp.tanh, ONE)(t) - 1) / t if t > mp.mpf(10) ** -20 else -ONE / 3, 0, TANH_CUT**2, 6, lambda t: t),
]


def nearest_f32(x):
    return mp.mpf(float(np.float32(float(x))))


def table_rows():
    """erf by intervals: each row a coefficient (the first: the centre), each column an interval."""
    step = ERF_END / mp.mpf("15.49")
    # Around 0 an odd polynomial.
    near, _ = remez(root(mp.erf, 2 / mp.sqrt(mp.pi)), 0, (step / 2) ** 2, 2)
    columns = [[mp.mpf(0), mp.mpf(0), near[0] - 1, mp.mpf(0), near[1], mp.mpf(0), near[2]]]
    for i in range(1, 16):

        def value(x):
            return mp.erf(x) - (x if i < 3 else 0)

        def misfit(c):
            y = value(mp.mpf(float(c)))
            return abs(y - nearest_f32(y))

        # A centre where the value is all but exactly an f32, so that the constant term brings no rounding of its own.
        candidates = [np.float32(float(i * step))]
        for _ in range(400):
            candidates.append(np.nextafter(candidates[-1], np.float32(10)))
        centre = mp.mpf(float(min(candidates, key=misfit)))
        lo, hi = (i - HALF) * step - centre, (i + HALF) * step - centre
        # One coefficient after the other is rounded to f32, and the rest fitted anew (least squares) to what is left.
        points = [(lo + hi) / 2 + (hi - lo) / 2 * mp.cos(mp.pi * (p + HALF) / 40) for p in range(40)]
        column = [nearest_f32(value(centre))]
        while len(column) < 6:
            k = len(column)
            powers = mp.matrix([[d**j for j in range(k, 6)] for d in points])
            left = mp.matrix([value(centre + d) - mp.polyval(column[::-1], d) for d in points])
            column.append(nearest_f32(mp.lu_solve(powers, left)[0]))
        columns.append([centre, *column])
    return list(zip(*columns))


def tail_rows():
    """log2 of the normal distribution's tail at d > 0, by intervals around the integers below 16."""
    def tail(d):
        return mp.log(mp.erfc(d / mp.sqrt(2)) / 2, 2)

    return list(zip(*(remez(tail, max(0, k - HALF), k + HALF, 2, lambda d: 1)[0] for k in range(16))))


def print_table(name, rows):
    print(f"inline constexpr double {name}[{len(rows)}][16] = {{")
    for row in rows:
        print("    {" + ", ".join(repr(float(v)) for v in row) + "},")
    print("};\n")


def main():
    print("// Polynomials behind the f32 functions of the CPU kernels, constant term first; read by Math*.cpp.")
    print("// Written by coefficients.py; change that file, not this one.")
    print("#pragma once\n\nnamespace gems::cpu::coefficients {\n")
    constants = {"ErfEnd": ERF_END, "ErfcEnd": ERFC_END, "ErfcCentre": ERFC_CENTRE,
                 "ErfCut": ERF_CUT, "TanhCut": TANH_CUT}
    for name, value in constants.items():
        print(f"inline constexpr double {name} = {float(value)!r};")
    print()
    for name, text, f, lo, hi, degree, *weight in TABLE:
        c, error = remez(f, lo, hi, degree, *weight)
        print(f"// {text}; {'' if weight else 'relative '}error 2^{float(mp.log(error, 2)):.1f}.")
        print(f"inline constexpr double {name}[] = {{")
        for k in range(0, len(c), 4):
            print("    " + " ".join(f"{float(v)!r}," for v in c[k : k + 4]))
        print("};\n")
    print("// erf by 16 intervals of |x|, one a column: the nearest multiple of 1 / ErfTableScale picks it. Rows: the centre m,")
    print("// then c[0] .. c[5] with f(m + d) = c[0] + d * (c[1] + d * (c[2] + ...)); f is erf(x) - x in the first three")
    print("// intervals, erf(x) in the others.")
    print(f"inline constexpr double ErfTableScale = {float(mp.mpf('15.49') / ERF_END)!r};")
    print_table("ErfTable", table_rows())
    print("// log2 of the normal distribution's tail at d, by the integer nearest to d, one a column: c[0] + d * (c[1] + d * c[2]);")
    print("// absolute error 2^-10.2.")
    print_table("Log2TailTable", tail_rows())
    print("}  // namespace gems::cpu::coefficients")


if __name__ == "__main__":
    main()
