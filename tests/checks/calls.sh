#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# calls.sh [ROOT] BUILD: reads the object files of a build and proves that
#   - an external function is found by its name: without "quipu_" and the names
#     of its folders it begins with the name of its file (loader.c has
#     quipu_loader_open), in the singular or the plural; calls.awk lists the
#     exceptions; and
#   - the .c files of one product do not call each other in a circle: neither by
#     functions nor by data.
# A product is the core, one driver, one example, the suite, its fault library,
# its mutants, or one of the other folders.
set -eu
root=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
cd "$build"
find core drivers conformance tools bench examples -name '*.o' \
    -path '*/CMakeFiles/*' ! -path '*_static.dir/*' ! -name '*.cpp.o' | sort |
    xargs nm -A -g | awk -v root="$root" -f "$root/tests/checks/calls.awk"
