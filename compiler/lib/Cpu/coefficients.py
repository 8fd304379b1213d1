#!/usr/bin/env python3
"""Prints Coefficients.h: the polynomials behind the f32 functions of the CPU kernels, fitted by Remez exchange.

Each row is a function of one variable on an interval, fitted for the least relative error (weight 1/f), in the powers
of that variable, constant term first. Needs mpmath. Run: coefficients.py > Coefficients.h
"""
import mpmath as mp

mp.mp.dps = 50


def remez(f, lo, hi, degree):
    """Coefficients with the least maximum relative error on [lo, hi], and that error."""
    lo, hi, n = mp.mpf(lo), mp.mpf(hi), degree + 2
    points = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]
    grid = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n * 40)) for i in range(n * 40 + 1)]
    values = [f(x) for x in grid]
    for _ in range(12):
        a = mp.matrix(n, n)
        b = mp.matrix(n, 1)
        for row, x in enumerate(points):
            y = f(x)
            for k in range(degree + 1):
                a[row, k] = x**k / y
            a[row, degree + 1] = (-1) ** row
            b[row] = 1
        solution = mp.lu_solve(a, b)
        c = [solution[k] for k in range(degree + 1)]
        error = [mp.polyval(c[::-1], x) / y - 1 for x, y in zip(grid, values)]
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
ERF_SCALE = ERF_END**2 / 2
ERFC_END = mp.mpf("10.2")  # erfc is 0 in f32 from here on
ERFC_CENTRE = mp.mpf(2)
TABLE = [
    ("Exp2", "(2^f - 1) / f, |f| <= 1/2", ratio(lambda f: mp.expm1(f * mp.log(2)), mp.log(2)), -HALF, HALF, 6),
    ("Log2", "log2(1 + f) / f, 1 + f from sqrt(1/2) to sqrt(2)",
     ratio(lambda f: mp.log1p(f) / mp.log(2), 1 / mp.log(2)), mp.sqrt(HALF) - 1, mp.sqrt(2) - 1, 10),
    ("Log2Pow", "the same, for pow, where an exponent of up to 150 magnifies the error",
     ratio(lambda f: mp.log1p(f) / mp.log(2), 1 / mp.log(2)), mp.sqrt(HALF) - 1, mp.sqrt(2) - 1, 15),
    ("Sin", "sin(r) / r in t = r * r, |r| <= pi/4", root(mp.sin, ONE), 0, (mp.pi / 4) ** 2 * mp.mpf("1.001"), 3),
    ("Cos", "cos(r) in t = r * r, |r| <= pi/4", lambda t: mp.cos(mp.sqrt(t)), 0, (mp.pi / 4) ** 2 * mp.mpf("1.001"), 4),
    ("Asin", "asin(s) / s in t = s * s, s <= 1/2", root(mp.asin, ONE), 0, ONE / 4, 6),
    ("Atan", "atan(q) / q in t = q * q, q <= 1", root(mp.atan, ONE), 0, ONE, 10),
    ("Erf", "erf(x) / x in u = x * x / ErfScale - 1, |x| <= ErfEnd",
     lambda u: root(mp.erf, 2 / mp.sqrt(mp.pi))((u + 1) * ERF_SCALE), -1, 1, 17),
    ("Erfcx", "exp(x * x) erfc(x) in q = (x - ErfcCentre) / (x + ErfcCentre), 0 <= x <= ErfcEnd",
     lambda q: (lambda x: mp.exp(x * x) * mp.erfc(x))(ERFC_CENTRE * (1 + q) / (1 - q)), -1,
     (ERFC_END - ERFC_CENTRE) / (ERFC_END + ERFC_CENTRE), 12),
]


def main():
    print("// Polynomials behind the f32 functions of the CPU kernels, constant term first; read by Math*.cpp.")
    print("// Written by coefficients.py; change that file, not this one.")
    print("#pragma once\n\nnamespace gems::cpu::coefficients {\n")
    constants = {"ErfEnd": ERF_END, "ErfScale": ERF_SCALE, "ErfcEnd": ERFC_END, "ErfcCentre": ERFC_CENTRE}
    for name, value in constants.items():
        print(f"inline constexpr double {name} = {float(value)!r};")
    print()
    for name, text, f, lo, hi, degree in TABLE:
        c, error = remez(f, lo, hi, degree)
        print(f"// {text}; relative error 2^{float(mp.log(error, 2)):.1f}.")
        print(f"inline constexpr double {name}[] = {{")
        for k in range(0, len(c), 4):
            print("    " + " ".join(f"{float(v)!r}," for v in c[k : k + 4]))
        print("};\n")
    print("}  // namespace gems::cpu::coefficients")


main()
