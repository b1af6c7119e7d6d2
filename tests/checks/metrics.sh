#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# metrics.sh ROOT: proves that docs/operations.md has a row for each metric that
# core/observe/metrics_write.c writes, with its type, and no other row.
set -eu
cd "$1"
written=$(tr '\n' ' ' <core/observe/metrics_write.c |
    grep -oE 'begin_family\(writer, "[a-z_]+", "[a-z]+"' |
    sed 's/.*, "\([a-z_]*\)", "\([a-z]*\)"/\1 \2/' | sort)
documented=$(sed -n 's/^| `\(quipu_[a-z_]*\)` | \([a-z]*\),.*/\1 \2/p' \
    docs/operations.md | sort)
if [ -z "$written" ] || [ "$written" != "$documented" ]; then
    echo "written by quipu:" "$written" >&2
    echo "in docs/operations.md:" "$documented" >&2
    exit 1
fi
