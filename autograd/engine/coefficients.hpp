#pragma once

// The layout of floating-point numbers, and the polynomials of the elementary functions.

#include <cstdint>

namespace xgrad::fused::math {

template <class T>
struct Format;

template <>
struct Format<float> {
  static constexpr int digits = 23;
  static constexpr std::uint64_t sign = 0x80000000, one = 0x3f800000, half = 0x3f000000, fraction = 0x007fffff;
  static constexpr std::uint64_t sqrt_half = 0x3f3504f3;  // of sqrt(1/2)
  static constexpr std::uint64_t whole = 0x4b000000;      // of 2^23, whose last bit counts ones
  static constexpr double whole_number = 8388608, bias = 127;
  static constexpr double smallest_normal = 0x1p-126, raise = 0x1p24, raise_exponent = 24;
  static constexpr double tiny = 0x1p-25;      // exp(x) - 1 is x below
  static constexpr double shifter = 12582912;  // 1.5 * 2^23: adding it rounds to a whole number
  static constexpr double log2_e = 1.44269504;
  static constexpr double ln2_high = 0.693359375, ln2_low = -2.12194440e-4;
  static constexpr double exp_low = -104, exp_high = 89, expm1_low = -20;

  // (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2
  static constexpr double exponential[] = {0.5000000094691046, 0.16666518408675546, 0.041666205815114495,
                                           0.008368960445964399, 0.0013950539845079203};
  // (log(1 + f) - f + f^2 / 2) / f^3 for 1 + f between sqrt(1/2) and sqrt(2): Cephes, logf
  static constexpr double logarithm[] = {3.3333331174e-1,  -2.4999993993e-1, 2.0000714765e-1,
                                         -1.6668057665e-1, 1.4249322787e-1,  -1.2420140846e-1,
                                         1.1676998740e-1,  -1.1514610310e-1, 7.0376836292e-2};
  // erf(x) / x - 1 in x^2 for |x| <= 1
  static constexpr double erf_inner[] = {0.128379166,    -0.3761262582,    0.1128358511,  -0.0268538104,
                                         0.005188324764, -0.0008010167967, 7.853776659e-5};
  // exp(x^2) erfc(x) in x - erf_origin for 1 <= x <= erf_high
  static constexpr double erf_origin = 0, erf_high = 4.5;
  static constexpr double erf_outer[] = {0.9862905963, -1.04894915,    0.7939970516,  -0.4331277738,
                                         0.1650115681, -0.04131041477, 0.00606542784, -0.0003937608446};
};

template <>
struct Format<double> {
  static constexpr int digits = 52;
  static constexpr std::uint64_t sign = 0x8000000000000000, one = 0x3ff0000000000000, half = 0x3fe0000000000000;
  static constexpr std::uint64_t fraction = 0x000fffffffffffff;
  static constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcd;
  static constexpr std::uint64_t whole = 0x4330000000000000;  // of 2^52
  static constexpr double whole_number = 4503599627370496, bias = 1023;
  static constexpr double smallest_normal = 0x1p-1022, raise = 0x1p54, raise_exponent = 54;
  static constexpr double tiny = 0x1p-54;
  static constexpr double shifter = 6755399441055744;  // 1.5 * 2^52
  static constexpr double log2_e = 1.4426950408889634;
  static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  static constexpr double exp_low = -746, exp_high = 710, expm1_low = -40;

  static constexpr double exponential[] = {0.5000000000000012,    0.1666666666666669,   0.041666666666518894,
                                           0.00833333333331189,   0.001388888894635505, 0.00019841269908046758,
                                           2.4801490430421926e-5, 2.755722408980424e-6, 2.7631162120399954e-7,
                                           2.5115533966758617e-8};
  // log(1 + f) in s = f / (2 + f): the terms in s^2, s^6, ... and in s^4, s^8, ...: fdlibm, e_log.c
  static constexpr double logarithm_odd[] = {6.666666666666735130e-01, 2.857142874366239149e-01,
                                             1.818357216161805012e-01, 1.479819860511658591e-01};
  static constexpr double logarithm_even[] = {3.999999999940941908e-01, 2.222219843214978396e-01,
                                              1.531383769920937332e-01};
  static constexpr double erf_inner[] = {0.12837916709551259,    -0.3761263890318355,    0.11283791670945231,
                                         -0.026866170643272864,  0.0052239776073971945,  -0.0008548325988493385,
                                         0.00012055295286062715, -1.4924744029557557e-5, 1.6447510172972956e-6,
                                         -1.620912066038952e-7,  1.3722746151137717e-8,  -7.800774623032772e-10};
  static constexpr double erf_origin = 1, erf_high = 6;
  static constexpr double erf_outer[] = {0.427583576155807,      -0.2732120147838866,    0.15437156137108604,
                                         -0.07922696891898943,   0.037572295898446725,   -0.016661866380328044,
                                         0.006970127124796332,   -0.002769004966520052,  0.0010500991769507601,
                                         -0.0003815924545952473, 0.00013307459151765572, -4.440103579367304e-5,
                                         1.4014686720368275e-5,  -4.091057675022204e-6,  1.0676254597245754e-6,
                                         -2.387492066813127e-7,  4.358118582695407e-8,   -6.1332545398317e-9,
                                         6.16709153806694e-10,   -3.909144768191923e-11, 1.1664250682423366e-12};
};

}  // namespace xgrad::fused::math
