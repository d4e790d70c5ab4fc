#include "teasel/date.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double tsl_date_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

char *tsl_date_print(char *buffer, double date) {
  const double last = 253402300799; /* of the year 9999 */
  struct tm parts;
  if (!(date >= 0) || date > last)
    date = 0;
  time_t seconds = (time_t)date;
  int thousandths = (int)((date - floor(date)) * 1e3);
  char day[24] = "";
  if (gmtime_r(&seconds, &parts) != NULL)
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(buffer, TSL_DATE_TEXT, "%s.%03dZ", day, thousandths);
  return buffer;
}

char *tsl_date_print_seconds(char *buffer, double date) {
  char *point = strchr(tsl_date_print(buffer, date), '.');
  if (point != NULL)
    memcpy(point, "Z", 2);
  return buffer;
}

bool tsl_date_parse(const char *text, double *date) {
  struct tm parts;
  memset(&parts, 0, sizeof parts);
  const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == NULL)
    return false;
  double part = 0;
  if (*rest == '.') {
    char *end = NULL;
    part = strtod(rest, &end);
    rest = end;
  }
  if (strcmp(rest, "Z") != 0)
    return false;
  *date = (double)timegm(&parts) + part;
  return true;
}

char *tsl_duration_print(char *buffer, double seconds) {
  const size_t bytes = TSL_DATE_TEXT;
  if (!(seconds >= 0) || seconds > 1e9) {
    snprintf(buffer, bytes, "?");
    return buffer;
  }
  long long total = llround(seconds);
  if (total < 60)
    snprintf(buffer, bytes, "%lld s", total);
  else if (total < 3600)
    snprintf(buffer, bytes, "%lld min %02lld s", total / 60, total % 60);
  else if (total < 86400)
    snprintf(buffer, bytes, "%lld h %02lld min", total / 3600, total / 60 % 60);
  else
    snprintf(buffer, bytes, "%lld d %lld h", total / 86400, total / 3600 % 24);
  return buffer;
}
