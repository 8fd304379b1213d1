// Polynomials behind pw.approximate, constant term first; read by Approximation.cpp.
// Written by approximation_coefficients.py; change that file, not this one.
#pragma once

namespace gems::pw::coefficients {

inline constexpr double ErfEnd = 2.65;
inline constexpr double TanhEnd = 4.65;
inline constexpr double Log1pEnd = 0.0625;
inline constexpr double Expm1End = 0.25;

// (e^x - 1) / x, |x| <= Expm1End; relative error 2^-17.9.
inline constexpr double Expm1[] = {
    0.9999959495138004,
    0.5000033896589184,
    0.16718738428946683,
    0.041666655050885695,
};

// erf(x) / x in x^2, x <= ErfEnd; relative error 2^-20.4.
inline constexpr double Erf[] = {
    1.1283783737051092,     -0.37610569165396024, 0.11274495759844083,    -0.026698839513133663, 0.005066172780353381,
    -0.0007662099155468466, 8.87157425182944e-05, -7.271728818716183e-06, 3.690156796155575e-07, -8.593383304353474e-09,
};

// log2(erfc(x)), 0 <= x <= 9.65, weighted with 2^(-x / 2); error 2^-17.0.
inline constexpr double Log2Erfc[] = {
    7.392824313970806e-06,  -1.6282217178279488,    -0.9162887881045199,   -0.15399531922512033,
    0.03541805982650868,    -0.006004394841136172,  0.0007101666753682487, -5.476247218649082e-05,
    2.4545301549467443e-06, -4.825538301612719e-08,
};

// log2 of the normal tail beyond x, x <= 6.1; error 2^-17.8.
inline constexpr double Log2TailF16[] = {
    -0.999995696709966,  -1.1512428761416076,    -0.45849031799027046,  -0.053930272544946825,
    0.00849201441005274, -0.0009262723071188914, 6.104280398498646e-05, -1.8066867632926411e-06,
};

// the same, x <= 13.7; error 2^-10.4.
inline constexpr double Log2TailBf16[] = {
    -1.0007377074436348,  -1.1431352938601798,    -0.4728762436710853, -0.044348258748965454,
    0.005422117200752864, -0.0004122565442690464, 1.73367744329e-05,   -3.0605936544083295e-07,
};

// log(1 + x) / x, |x| <= Log1pEnd; relative error 2^-21.3.
inline constexpr double Log1p[] = {
    0.9999996171777144,
    -0.4999992978084576,
    0.3341166418969717,
    -0.2507836188219833,
};

// sin(x) / x in x^2, x <= 1.5725; relative error 2^-20.0.
inline constexpr double Sin[] = {
    0.9999990525975827,
    -0.1666554669611976,
    0.008311805760443412,
    -0.00018485216892710898,
};

// tanh(x) / x in x^2, x <= TanhEnd, by TanhDenominator.
inline constexpr double TanhNumerator[] = {
    0.9999988130547681,
    0.11719147980367839,
    0.0016792539886172936,
};

// see there; relative error 2^-19.7.
inline constexpr double TanhDenominator[] = {
    1.0,
    0.45051476848937405,
    0.01853181370645407,
    6.745578941495449e-05,
};

}  // namespace gems::pw::coefficients
