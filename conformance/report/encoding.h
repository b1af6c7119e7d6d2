/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text and numbers as text of an output format.
 *
 * The input may contain any bytes: messages of drivers, item states, terminal
 * escapes.  The output is valid in its format in every case; a byte that the
 * format cannot hold, or that is not part of valid UTF-8, becomes \x1b (four
 * characters), so that it stays visible.
 */
#ifndef QUIPU_REPORT_ENCODING_H
#define QUIPU_REPORT_ENCODING_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Writes text as content, or as the value of an attribute, of XML or HTML. */
void quipu_encoding_xml(FILE *to, const char *text);

/* Writes the first line of the text in the same way. */
void quipu_encoding_xml_line(FILE *to, const char *text);

/* Writes text as a JSON string, with its quotes. */
void quipu_encoding_json(FILE *to, const char *text);

/* Writes a number of thousandths >= 0 as a decimal number, "12.345", whatever
 * the locale. */
void quipu_encoding_thousandths(FILE *to, int64_t thousandths);

/* Writes a time in UTC: "2031-05-04T12:00:00Z". */
void quipu_encoding_time(FILE *to, time_t time);

#endif
