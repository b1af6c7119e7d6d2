/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: the form that the answer to a statement must have.
 *
 * Answers of a server are not trusted: libpq may be connected to something
 * that is no PostgreSQL server, or to a store whose tables were altered.  Each
 * statement therefore carries the shape of its answer, and pipeline.c compares
 * each answer with it before anything else sees it.
 *
 * INV1  An answer that has passed is in binary format, has the columns and
 *       types of its statement, NULL only where the shape allows it, and values
 *       of the length and range of their type.  So the functions of binary.h
 *       need no checks of their own.
 * INV2  All that depends on the request (how many rows at most, which of the
 *       request's elements a row is about, in which order) is checked where
 *       the rows are taken.
 *
 * A shape is a list of words:
 *
 *     ""                     no rows: a command
 *     "one ..." "opt ..."    exactly one row; at most one row
 *     bool int4 int8 float8 time uuid bytea void text
 *     count                  an int8 that quipu counts with: 0 to COUNT_MAX
 *     id, name               text of at most QUIPU_ID_MAX, QUIPU_NAME_MAX bytes
 *     key                    text of 1 to QUIPU_KEY_MAX bytes
 *     int8?                  the same, or NULL
 */
#ifndef POSTGRES_SHAPE_H
#define POSTGRES_SHAPE_H

#include <quipu/driver.h>

#include <libpq-fe.h>

/* A counter above it is damaged: 2^62 leaves room for sums of two. */
#define COUNT_MAX (INT64_C(1) << 62)

#define SHAPE_PROBLEM 120 /* bytes of the text that names a difference */

/* Returns true if the answer has the shape; otherwise `problem` says where it
 * differs: "row 3, column 2 has 300 bytes instead of at most 255". */
bool quipu_postgres_shape_fits(const PGresult *result, const char *shape,
                               char problem[SHAPE_PROBLEM]);

#endif
