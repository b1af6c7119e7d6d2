#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# headers.sh FOLDER [COMPILER...]: fails unless each public header in
# FOLDER/quipu compiles by itself, included twice, as C11 and as C++17, and each
# one of C++ as C++17, all together also as C++20 and without exceptions, with
# stricter warnings than users have. Missing compilers are skipped, but one must
# exist.
set -eu
folder=$1
shift
[ $# -gt 0 ] || set -- gcc clang
failures=0
checked=0

# check COMPILER LANGUAGE STANDARD HEADER [OPTION]
check()
{
    checked=$((checked + 1))
    printf '#include <quipu/%s>\n#include <quipu/%s>\n' "$4" "$4" |
        "$1" -x "$2" -std="$3" -I"$folder" -Wall -Wextra -Wpedantic -Wundef \
            -Wshadow -Wconversion -Werror ${5-} -fsyntax-only - || {
        echo "<quipu/$4> is not self-contained as $3 with $1"
        failures=$((failures + 1))
    }
}

for compiler in "$@"; do
    command -v "$compiler" >/dev/null || continue
    for header in "$folder"/quipu/*.h; do
        header=${header##*/}
        check "$compiler" c c11 "$header"
        check "$compiler" c++ c++17 "$header"
    done
    for header in "$folder"/quipu/*.hpp "$folder"/quipu/cpp/*.hpp; do
        header=${header#"$folder/quipu/"}
        check "$compiler" c++ c++17 "$header"
    done
    check "$compiler" c++ c++20 quipu.hpp
    check "$compiler" c++ c++17 quipu.hpp -fno-exceptions
done

[ "$checked" -gt 0 ] || { echo "no compiler found: $*"; exit 1; }
[ "$failures" = 0 ] || exit 1
echo "headers: $checked compilations, each header is self-contained"
