#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_abi.sh FROZEN: makes one change to the headers at a time, and checks that
# abi.sh detects it. Works in the current folder.
set -eu
frozen=$1
here=$(cd "$(dirname "$0")" && pwd)
failures=0

# try VERDICT WHAT HEADER SED-SCRIPT
try()
{
    rm -rf today
    mkdir today
    cp "$frozen/types.h" "$frozen/driver.h" today
    sed -e "$4" "$frozen/$3" >"today/$3"
    if [ "$4" ] && cmp -s "$frozen/$3" "today/$3"; then
        echo "$2: the change changes nothing"
        failures=$((failures + 1))
    fi
    verdict=refused
    if sh "$here/abi.sh" "$frozen" today >output 2>&1; then
        verdict=kept
    fi
    if [ "$verdict" != "$1" ]; then
        echo "$2: $verdict instead of $1"
        cat output
        failures=$((failures + 1))
    fi
}

try kept "the same headers" types.h ""
try kept "a comment" types.h 's|/\* enum quipu_status \*/|/* what; else */|'
try kept "a longer driver table" driver.h \
    's/^} quipu_driver;/    int (*more)(int what); } quipu_driver;/'
try kept "a longer schema" types.h \
    's/^} quipu_schema;/    const char *more; } quipu_schema;/'
try kept "one more code" types.h \
    's/QUIPU_INTERNAL = 13/QUIPU_INTERNAL = 13, QUIPU_MORE = 14/'
try refused "a longer item" types.h \
    's/^} quipu_item;/    int64_t more; } quipu_item;/'
try refused "more reserved words in an item" types.h \
    '/tag_count/,/quipu_item;/s/reserved2\[2\]/reserved2[3]/'
try refused "a member in the middle of the table" driver.h \
    's/^    void (\*cursor_close)/    int (*more)(int what);\n&/'
try refused "a member less" driver.h '/const char \*(\*library)/d'
try refused "two members that changed places" types.h \
    's/size_t index;/int64_t last_position_;/
     s/int64_t last_position;/size_t index;/
     s/last_position_/last_position/'
try refused "another parameter" driver.h \
    's/quipu_open \*how, int64_t deadline/quipu_open *how, int deadline/'
try refused "a narrower member" types.h \
    's/int64_t notification_id;/int32_t notification_id;/'
try refused "another value of a code" types.h \
    's/QUIPU_BUSY = 4/QUIPU_BUSY = 40/'
try refused "items that are aligned otherwise" types.h \
    's/^} quipu_item;/} __attribute__((aligned(256))) quipu_item;/'
try refused "longer ids" types.h \
    's/QUIPU_ID_MAX 255/QUIPU_ID_MAX 511/'
try refused "another ABI number" driver.h \
    's/QUIPU_DRIVER_ABI 1/QUIPU_DRIVER_ABI 2/'
try refused "another signature of work" driver.h \
    's/^typedef int (\*quipu_work)(void \*native,/typedef int (*quipu_work)(/'

[ "$failures" = 0 ] || exit 1
echo "abi.sh detects each change"
