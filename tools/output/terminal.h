/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal that standard output is, if it is one: its width, and colours.
 *
 * It is asked once, before a pager takes the place of standard output, so that
 * lists look the same with a pager and without one.
 */
#ifndef QUIPU_TOOLS_TERMINAL_H
#define QUIPU_TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Kinds of emphasis; the colours are those of most programs of a shell. */
enum terminal_style {
    STYLE_PLAIN,
    STYLE_HEADING,
    STYLE_TOPIC,
    STYLE_NUMBER,
    STYLE_GOOD,
    STYLE_WARNING,
    STYLE_BAD
};

/*
 * Finds out what standard output is.  `color` is "always", "never", or "auto"
 * or NULL: colours on a terminal, unless NO_COLOR is set and not empty or TERM
 * is "dumb".  Returns false if `color` is another word.
 */
bool terminal_init(const char *color);

/* Returns true if standard output is a terminal. */
bool terminal_is_output(void);

/* Returns the columns of the terminal; 0: standard output is none, or its width
 * is not known. */
size_t terminal_width(void);

/* Returns the columns of the terminal that a descriptor is now; 0 as above. */
size_t terminal_width_of(int descriptor);

/* Returns the escape sequence that begins a style, or "" without colours.
 * STYLE_PLAIN ends the others. */
const char *terminal_style(enum terminal_style style);

#endif
