/* SPDX-License-Identifier: Apache-2.0 */
/* Text of any origin as text of a format: whatever its bytes are. */
#ifndef QUIPU_REPORT_WRITE_H
#define QUIPU_REPORT_WRITE_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* As content, or as the value of an attribute, of XML or HTML.  What XML 1.0
 * cannot hold, and bytes that are no UTF-8, become \x1b. */
void quipu_write_xml(FILE *to, const char *text);
/* The same of the first line. */
void quipu_write_xml_line(FILE *to, const char *text);

/* As a JSON string, in its quotes. */
void quipu_write_json(FILE *to, const char *text);

/* "12.345", whatever the locale: thousandths of a number >= 0. */
void quipu_write_thousandths(FILE *to, int64_t thousandths);

/* "2031-05-04T12:00:00Z" */
void quipu_write_time(FILE *to, time_t time);

#endif
