/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu complete: the words that a shell can put at the end of a command line.
 *
 * The scripts for bash, zsh and fish (tools/completions) hold no names of
 * commands and options: they call this command, which reads the tables from
 * which command lines are parsed.  So they fit every version.
 */
#include "command.h"
#include "options.h"

#include <quipu/quipu.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool ends(const char *text, size_t size, const char *end)
{
    return size >= strlen(end) &&
           memcmp(text + size - strlen(end), end, strlen(end)) == 0;
}

/* Prints a word if it continues the one that is being typed. */
static void offer(const char *typed, const char *word, const char *about)
{
    if (begins(word, typed)) {
        printf("%s\t%s\n", word, about);
    }
}

/* ------------------------------------------------------------------ URIs */

/* Files beside a database, which are not stores. */
static bool is_part(const char *name)
{
    static const char *const parts[] = { "-wal", "-shm", "-journal", "-quipu",
                                         "-quipu-new" };

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (ends(name, strlen(name), parts[i])) {
            return true;
        }
    }
    return false;
}

/* Returns true if the folder is an environment of LMDB. */
static bool is_environment(const char *path)
{
    char data[4096 + 16];
    struct stat about;

    snprintf(data, sizeof(data), "%s/data.mdb", path);
    return stat(data, &about) == 0;
}

/* Offers what the folder of a path has.  `typed` is the URI, of which `path` is
 * the part after "scheme:///". */
static void offer_paths(const char *typed, const char *path)
{
    const bool is_lmdb = begins(typed, "lmdb:");
    const char *slash = strrchr(path, '/');
    const int size = slash ? (int)(slash - path) + 1 : 0;
    char folder[4096];
    char found[4096];
    struct stat about;
    const struct dirent *entry;

    snprintf(folder, sizeof(folder), "%.*s", size, path);
    DIR *listing = opendir(size == 0 ? "." : folder);

    while (listing && (entry = readdir(listing))) {
        const char *name = entry->d_name;
        const int written =
            snprintf(found, sizeof(found), "%s%s", folder, name);

        if (written >= (int)sizeof(found) || stat(found, &about) != 0 ||
            (name[0] == '.' && (path[size] != '.' || name[1] == '\0' ||
                                strcmp(name, "..") == 0)) ||
            is_part(name) || !begins(name, path + size)) {
            continue;
        }
        if (S_ISDIR(about.st_mode)) {
            printf("%.*s%s%s\t\n", (int)(path - typed), typed, found,
                   is_lmdb && is_environment(found) ? "" : "/");
        } else if (!is_lmdb) {
            printf("%.*s%s\t\n", (int)(path - typed), typed, found);
        }
    }
    if (listing) {
        (void)closedir(listing);
    }
}

static void offer_scheme(void *typed, const char *scheme, const char *place)
{
    const bool local =
        strcmp(scheme, "sqlite") == 0 || strcmp(scheme, "lmdb") == 0;
    char uri[128];

    (void)place;
    snprintf(uri, sizeof(uri), "%s:%s", scheme, local ? "///" : "//");
    offer(typed, uri, local ? "a path follows" : "");
}

static void offer_uris(const char *typed)
{
    if (begins(typed, "sqlite:///")) {
        offer_paths(typed, typed + strlen("sqlite:///"));
    } else if (begins(typed, "lmdb:///")) {
        offer_paths(typed, typed + strlen("lmdb:///"));
    } else {
        quipu_drivers_list(offer_scheme, (char *)typed);
    }
}

/* ------------------------------------------------- commands and options */

/* Offers what an argument or a value of this name can be. */
static void offer_values(const char *typed, const char *name, size_t size)
{
    if (ends(name, size, "URI")) {
        offer_uris(typed);
    } else if (ends(name, size, "FILE")) {
        puts(":files");
    } else if (ends(name, size, "|all")) {
        offer(typed, "all", "");
    } else if (ends(name, size, "WHEN")) {
        offer(typed, "always", "");
        offer(typed, "auto", "on a terminal");
        offer(typed, "never", "");
    } else if (ends(name, size, "TIME")) {
        offer(typed, "now", "");
        offer(typed, "today", "since midnight");
        offer(typed, "yesterday", "");
        offer(typed, "1h", "an hour ago");
    }
}

static void offer_commands(const char *typed)
{
    for (size_t i = 0; commands[i]; i++) {
        offer(typed, commands[i]->name, commands[i]->summary);
    }
    offer(typed, "help", "print the help of a command");
}

static void offer_options(const struct command *command, const char *typed)
{
    for (size_t i = 0; i < option_count; i++) {
        char word[64];

        if ((command->options & options[i].bit) != 0) {
            snprintf(word, sizeof(word), "--%s", options[i].name);
            offer(typed, word, options[i].help);
        }
    }
}

/* Returns the option that is given as this word, or NULL. */
static const struct option_row *find_option(const struct command *command,
                                            const char *word)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *option = &options[i];
        const char letter[] = { '-', option->letter, '\0' };

        if ((command->options & option->bit) != 0 &&
            ((begins(word, "--") && strcmp(word + 2, option->name) == 0) ||
             (option->letter != 0 && strcmp(word, letter) == 0))) {
            return option;
        }
    }
    return NULL;
}

static bool needs_value(const struct option_row *option)
{
    return option && option->value && option->value[0] != '=';
}

/* Offers values for the argument with an index. */
static void offer_argument(const struct command *command, int index,
                           const char *typed)
{
    const char *name = command->arguments;

    for (; index > 0 && *name != '\0'; index--) {
        name += strcspn(name, " ");
        name += strspn(name, " ");
    }
    offer_values(typed, name, strcspn(name, " "));
}

/* Completes the last of `count` words after the name of a command. */
static void complete(const struct command *command, int count,
                     char *const *words)
{
    const struct option_row *option = NULL;
    const char *typed = words[count - 1];
    int arguments = 0;

    for (int i = 0; i < count - 1; i++) {
        if (needs_value(option)) {
            option = NULL;
        } else {
            option = find_option(command, words[i]);
            arguments += words[i][0] != '-';
        }
    }
    if (needs_value(option)) {
        offer_values(typed, option->value, strlen(option->value));
    } else if (typed[0] == '-') {
        offer_options(command, typed);
    } else {
        offer_argument(command, arguments, typed);
    }
}

void complete_words(int count, char *const *words)
{
    const bool help = count > 1 && strcmp(words[0], "help") == 0;

    if (count < 2 || help) {
        offer_commands(count == 0 ? "" : words[count - 1]);
        return;
    }
    const struct command *command = command_find(words[0]);

    if (command) {
        complete(command, count - 1, words + 1);
    }
}
