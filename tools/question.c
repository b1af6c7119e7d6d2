/* SPDX-License-Identifier: Apache-2.0 */
/* The question before a change. */
#include "question.h"
#include "args.h"
#include "output/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool question_ask(const struct args *args, const char *text,
                  enum outcome *outcome)
{
    struct text safe = { 0 };
    char answer[64];

    if ((args->given & OPTION_YES) != 0) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        fputs("quipu: standard input is no terminal, so that nobody can be "
              "asked; confirm the change with --yes\n",
              stderr);
        *outcome = USAGE;
        return false;
    }
    text_add_escaped(&safe, text, strlen(text));
    (void)fflush(stdout);
    fprintf(stderr, "%s [y/N] ", text_content(&safe));
    text_free(&safe);
    if (fgets(answer, sizeof(answer), stdin) &&
        (answer[0] == 'y' || answer[0] == 'Y')) {
        return true;
    }
    fputs("quipu: nothing was changed\n", stderr);
    *outcome = FINDING;
    return false;
}
