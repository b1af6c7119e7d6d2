/* SPDX-License-Identifier: Apache-2.0 */
/* The width and the colours of the terminal. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_output;
static bool has_colours;
static size_t width;

static bool wants_colours(void)
{
    const char *none = getenv("NO_COLOR");
    const char *kind = getenv("TERM");

    return is_output && (!none || none[0] == '\0') &&
           !(kind && strcmp(kind, "dumb") == 0);
}

size_t terminal_width_of(int descriptor)
{
    struct winsize size = { 0 };

    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool terminal_init(const char *color)
{
    is_output = isatty(STDOUT_FILENO) == 1;
    width = is_output ? terminal_width_of(STDOUT_FILENO) : 0;
    if (!color || strcmp(color, "auto") == 0) {
        has_colours = wants_colours();
        return true;
    }
    has_colours = strcmp(color, "always") == 0;
    return has_colours || strcmp(color, "never") == 0;
}

bool terminal_is_output(void)
{
    return is_output;
}

size_t terminal_width(void)
{
    return width;
}

const char *terminal_style(enum terminal_style style)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[m",   [STYLE_HEADING] = "\033[1m",
        [STYLE_TOPIC] = "\033[36m", [STYLE_NUMBER] = "\033[33m",
        [STYLE_GOOD] = "\033[32m",  [STYLE_WARNING] = "\033[33m",
        [STYLE_BAD] = "\033[31m",
    };

    return has_colours ? sequences[style] : "";
}
