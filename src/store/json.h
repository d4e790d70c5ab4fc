/* json.h - reading back the few JSON files that teasel writes. */
#ifndef TEASEL_STORE_JSON_H
#define TEASEL_STORE_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Called for every string, number, true, false and null. path: keys and positions on the
 * way, joined by '/': "terms/total", "libraries/0". text: the string without escapes, or
 * the number as written; "" for null. */
typedef void tsl__json_visitor(void *context, const char *path, const char *text,
                               bool is_string);

/* Local. False when the bytes are not one JSON value; leaves visited before are given. */
bool tsl__json_visit(const char *bytes, size_t count, tsl__json_visitor *visitor,
                     void *context);

#endif
