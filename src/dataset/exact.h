/* exact.h - functions of + - * / and square roots alone: IEEE 754 rounds these alike
 * everywhere, so what is drawn with them has the same bytes on every machine, which
 * libm's do not promise. */
#ifndef TEASEL_DATASET_EXACT_H
#define TEASEL_DATASET_EXACT_H

/* Local. Cosine and sine of |angle| <= pi / 2, in radians; off by less than 1e-12. */
void tsl__exact_direction(double angle, double *cosine, double *sine);
/* Local. The same of any angle of less than a million turns, in degrees. */
void tsl__exact_degrees(double degrees, double *cosine, double *sine);
/* Local. Natural logarithm of a finite value > 0; off by less than 1e-12. */
double tsl__exact_log(double value);

#endif
