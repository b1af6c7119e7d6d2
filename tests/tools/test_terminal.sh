#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On a terminal lines are cut to its width unless --full is given.
. "$(dirname "$0")/lib.sh"
# Skip the test where no terminal can be allocated.
script -qec true /dev/null </dev/null >/dev/null || {
    echo "no terminal can be allocated" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}

"$plant" odd sqlite:///a.db
"$plant" plain sqlite:///a.db 1 1

# on_terminal ARGUMENT...: runs quipu on a terminal of 60 columns.
on_terminal()
{
    quipu=$quipu script -qec "stty cols 60; \"\$quipu\" $*" /dev/null \
        </dev/null | tr -d '\r' >out
}

on_terminal log sqlite:///a.db
[ "$(LC_ALL=C.UTF-8 wc -L <out)" = 60 ] || fail "lines are not cut: $(cat out)"
says "$(printf '\342\200\246')"
on_terminal log --full sqlite:///a.db
[ "$(LC_ALL=C.UTF-8 wc -L <out)" -gt 200 ] || fail "--full cuts lines"
on_terminal log --json sqlite:///a.db
[ "$(LC_ALL=C.UTF-8 wc -L <out)" -gt 200 ] || fail "--json cuts lines"
finish
