#include "dataset/exact.h"

#include <math.h>

/* Taylor series about 0; the first term left out is below 1e-12. */
void tsl__exact_direction(double angle, double *cosine, double *sine) {
  double square = angle * angle, c = 1, s = 1, term = 1;
  for (int k = 1; k <= 9; k++) {
    term = -term * square / ((2 * k - 1) * (2 * k));
    c += term;
  }
  term = 1;
  for (int k = 1; k <= 9; k++) {
    term = -term * square / ((2 * k) * (2 * k + 1));
    s += term;
  }
  *cosine = c;
  *sine = angle * s;
}

void tsl__exact_degrees(double degrees, double *cosine, double *sine) {
  const double radian = 0.017453292519943295; /* pi / 180 */
  double quarters = floor(degrees / 90 + 0.5), c, s;
  tsl__exact_direction((degrees - 90 * quarters) * radian, &c, &s);
  switch ((int)(quarters - 4 * floor(quarters / 4))) {
  case 0:
    *cosine = c, *sine = s;
    break;
  case 1:
    *cosine = -s, *sine = c;
    break;
  case 2:
    *cosine = -c, *sine = -s;
    break;
  default:
    *cosine = s, *sine = -c;
  }
}

/* value = m 2^e with sqrt(1/2) <= m < sqrt(2); log m = 2 artanh((m - 1) / (m + 1)), whose
 * series ends at a term below 1e-16 because the quotient is below 0.172. */
double tsl__exact_log(double value) {
  int exponent;
  double m = frexp(value, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    exponent--;
  }
  double quotient = (m - 1) / (m + 1), square = quotient * quotient, sum = 0;
  for (int k = 21; k >= 1; k -= 2)
    sum = sum * square + 1.0 / k;
  return 2 * quotient * sum + exponent * 0.69314718055994531;
}
