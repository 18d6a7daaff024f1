#pragma once

// The layout of floating-point numbers, and the polynomials of the elementary functions.

#include <cstdint>

namespace xgrad::fused::math {

template <class T>
struct Format;

template <>
struct Format<float> {
  static constexpr int bits = 32, digits = 23;
  static constexpr std::uint64_t sign = 0x80000000, one = 0x3f800000, half = 0x3f000000, quarter = 0x3e800000;
  static constexpr std::uint64_t fraction = 0x007fffff;
  static constexpr std::uint64_t sqrt_half = 0x3f3504f3;  // of sqrt(1/2)
  static constexpr std::uint64_t whole = 0x4b000000;      // of 2^23, whose last bit counts ones
  static constexpr double whole_number = 8388608, bias = 127;
  static constexpr double smallest_normal = 0x1p-126, raise = 0x1p24, raise_exponent = 24;
  static constexpr double tiny = 0x1p-25;      // exp(x) - 1 is x below
  static constexpr double shifter = 12582912;  // 1.5 * 2^23: adding it rounds to a whole number
  static constexpr double log2_e = 1.44269504;
  static constexpr double ln2_high = 0.693359375, ln2_low = -2.12194440e-4;
  static constexpr double exp_low = -104, exp_high = 89, expm1_low = -20;
  static constexpr double hyperbolic_high = 89.7;   // e^x / 4 is a number, sinh(x) is none
  static constexpr double gaussian_high = 10.1975;  // exp(-x^2) is 0

  static constexpr double ln2 = 0.69314718, third[] = {0x1.555556p-2, -0x1.555556p-27};
  static constexpr double two_over_ln2[] = {0x1.715476p+1, 0x1.4ae0cp-25};
  static constexpr double exp2_low = -152, exp2_high = 129;
  static constexpr double two_over_pi = 0.63661975, pi_half[] = {0x1.921fb6p+0, -0x1.777a5cp-25, -0x1.ee59dap-50};
  static constexpr double turns_high = 0x1p17;  // larger angles are not reduced here

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
  // exp(x^2) erfc(x) / t in 2 t - 1, for t = 1 / (1 + erfc_scale x) and 0 <= x <= 10.2
  static constexpr double erfc_scale = 0.34375;
  static constexpr double erfc[] = {0.3681576237,   0.2994807985,    0.1952782699,     0.09828916711,   0.03478618755,
                                    0.006109188798, -0.001231285099, -0.0009411167842, -1.873784128e-5, 8.990787776e-5};
  // (sin(r) / r - 1) / r^2, cos(r) and (tan(r) / r - 1) / r^2 in r^2 for |r| <= pi / 4
  static constexpr double sine[] = {-0.1666665414, 0.008332130551, -0.0001951112261};
  static constexpr double cosine[] = {1, -0.5, 0.04166664488, -0.001388727621, 2.442848429e-05};
  static constexpr double tangent[] = {0.3333335152,  0.133326002,      0.05406731274, 0.02124280749,
                                       0.01094079068, -4.699328094e-05, 0.004445217434};
  // (asin(s) / s - 1) / s^2 in s^2 for |s| <= 1/2, (atan(t) / t - 1) / t^2 in t^2 for |t| <= 1
  static constexpr double arcsine[] = {0.1666675242, 0.07495299819, 0.0454701619, 0.02418029045, 0.04216540942};
  static constexpr double arctangent[] = {-0.3333329909, 0.1999854832,   -0.1426424198, 0.1095218695,   -0.0840345251,
                                          0.05795760945, -0.03117784171, 0.01091459389, -0.001793617154};
  // ((atanh(s) / s - 1) / s^2 - 1/3) / s^2 in s^2 for |s| <= 3 - 2 sqrt(2)
  static constexpr double area_tangent[] = {0.2000007604, 0.142735683, 0.1170929919};
};

template <>
struct Format<double> {
  static constexpr int bits = 64, digits = 52;
  static constexpr std::uint64_t sign = 0x8000000000000000, one = 0x3ff0000000000000, half = 0x3fe0000000000000;
  static constexpr std::uint64_t quarter = 0x3fd0000000000000;
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
  static constexpr double hyperbolic_high = 710.8, gaussian_high = 27.3;

  static constexpr double ln2 = 0.6931471805599453, third[] = {0x1.5555555555555p-2, 0x1.5555555555555p-56};
  static constexpr double two_over_ln2[] = {0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55};
  static constexpr double exp2_low = -1077, exp2_high = 1025;
  static constexpr double two_over_pi = 0.6366197723675814;
  static constexpr double pi_half[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
  static constexpr double turns_high = 0x1p30;

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
  static constexpr double erfc_scale = 0.25;  // 0 <= x <= 27.35
  static constexpr double erfc[] = {
      0.27399891525012278,    0.24413718227022053,    0.1933021755663094,      0.13521345782830524,
      0.082712896969495223,   0.04350273431010476,    0.019095378727511137,    0.0065925133331548324,
      0.0015280139118265961,  7.0239733433226626e-5,  -0.00011376315803945046, -4.4203296592250345e-5,
      -9.0883797375691038e-7, 4.7155357800635879e-6,  1.1736896830537653e-6,   -3.5673039188845476e-7,
      -2.1162350960902641e-7, 1.9791551264940202e-8,  3.1028820209950874e-8,   -8.9242215792816149e-10,
      -3.8072664649879279e-9, 1.7905831919003377e-10, 2.2081895277548325e-10};
  static constexpr double sine[] = {-0.16666666666666627,   0.008333333333321395,    -0.00019841269828989062,
                                    2.7557313406298998e-06, -2.5050713110248255e-08, 1.5894169474357117e-10};
  static constexpr double cosine[] = {1,
                                      -0.5,
                                      0.04166666666666659,
                                      -0.001388888888887201,
                                      2.4801587288182883e-05,
                                      -2.755731398189307e-07,
                                      2.087567348501881e-09,
                                      -1.1357094918189432e-11};
  static constexpr double tangent[] = {0.33333333333332654,    0.13333333333431704,    0.053968253918553914,
                                       0.02186948980236379,    0.008863216455733217,   0.0035923133810616776,
                                       0.001454611102997173,   0.0005956796671891135,  0.00022057445586603084,
                                       0.0001402306066444007,  -3.159123048945051e-05, 9.422125311422349e-05,
                                       -4.744338098359261e-05, 2.147879251333424e-05};
  static constexpr double arcsine[] = {0.16666666666665408,  0.07500000000336954,  0.04464285682837628,
                                       0.030381959135065927, 0.022371758094366367, 0.017359704124247005,
                                       0.01388524155741299,  0.012169173065287501, 0.0065281359331143575,
                                       0.01952784263512638,  -0.01622361663118041, 0.031911852024562766};
  static constexpr double arctangent[] = {
      -0.3333333333333307,   0.19999999999951512,   -0.14285714282577938,   0.11111111007106192,
      -0.09090907004356609,  0.0769227985467069,    -0.06666404179008852,   0.058805285144726695,
      -0.0525352157862822,   0.04722332212188003,   -0.04219204481363418,   0.03664241792831346,
      -0.029904642537991525, 0.02198579308612918,   -0.013901423559308648,  0.007197099453342887,
      -0.002885217684851928, 0.0008314248091664287, -0.0001521825799542684, 1.3227191393091782e-05};
  static constexpr double area_tangent[] = {0.1999999999999999,  0.14285714285722537, 0.1111111110877197,
                                            0.09090909434783466, 0.07692278456173815, 0.06668158065618078,
                                            0.05837419836118502, 0.05994435223985782};
};

}  // namespace xgrad::fused::math
