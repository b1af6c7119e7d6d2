#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# variables.sh ROOT: proves that core/environment/variable.c lists all
# environment variables of the form QUIPU_X that sources and scripts read: an
# application that is opened by its environment would refuse the others.
set -eu
cd "$1"
list=core/environment/variable.c
known=$(sed -n '/const others\[\] = {/,/};/p' "$list" |
    grep -oE '"[A-Z_]+"' | tr -d '"')
read_by_sources=$(find core drivers conformance tools bench examples tests \
    -name '*.[ch]' ! -path 'tests/core/environment/*' -exec \
    grep -hoE '(getenv\(|VARIABLE +)"QUIPU_[A-Z_]+"' {} + |
    grep -oE 'QUIPU_[A-Z_]+')
read_by_scripts=$(grep -rhoE --include='*.sh' --include=dev \
    --include='cluster' --include='with-cluster' '\$\{?QUIPU_[A-Z_]+' \
    dev bench tests tools | grep -oE 'QUIPU_[A-Z_]+')
count=0
missing=0
for name in $(printf '%s\n' "$read_by_sources" "$read_by_scripts" | sort -u); do
    count=$((count + 1))
    is_known=
    for entry in $known; do
        case $entry in
        *_) case $name in "QUIPU_$entry"?*) is_known=1 ;; esac ;;
        *) [ "$name" != "QUIPU_$entry" ] || is_known=1 ;;
        esac
    done
    if [ -z "$is_known" ]; then
        echo "$list does not list $name, which is read" >&2
        missing=1
    fi
done
if [ "$count" -lt 10 ]; then
    echo "only $count variables were found: the search is broken" >&2
    exit 1
fi
exit "$missing"
