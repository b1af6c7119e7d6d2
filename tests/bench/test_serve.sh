#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_serve.sh SERVE.SH BUILD: the benchmark of `quipu serve` prints its three
# figures, each with a ratio.
. "$(dirname "$0")/../lib.sh"

expect 0 sh "$1" "$2" 40 20 1
[ "$(grep -c 'sections/s .* ratio [0-9]*\.[0-9][0-9]$' out)" = 3 ] ||
    { fail "not three figures with a ratio"; cat out; }
finish
