#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bank_kills.sh BANK QUIPU [DRIVER...]: B1, the example bank until 500 of its
# processes were killed, on each driver (default: all); a line for each. The
# money must be there to the cent, and each payment must have ended once.
set -euo pipefail
bank=$1 quipu=$2
shift 2
drivers=()
for word in "$@"; do
    case $word in
    sqlite | lmdb | postgres) drivers+=("$word") ;;
    esac
done
[ "${#drivers[@]}" -gt 0 ] || drivers=(sqlite lmdb postgres)
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
for driver in "${drivers[@]}"; do
    uri=$driver:///bank
    [ "$driver" != postgres ] || uri=postgres
    mkdir "$folder/$driver"
    cd "$folder/$driver"
    verdict=ok
    SECONDS=0
    bash "$here/bank.sh" "$bank" "$quipu" "$uri" 30 0.1 500 >out 2>&1 || {
        verdict=FAILED
        failed=1
        tail -n 20 out bank.log
    }
    printf 'B1    %-8s %s: %s (%d s)\n' "$driver" "$verdict" \
        "$(tail -n 4 out | paste -sd ';')" "$SECONDS"
done
exit "$failed"
