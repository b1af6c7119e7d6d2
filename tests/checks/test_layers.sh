#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_layers.sh: adds one wrong #include at a time to a small tree in a folder
# of its own, and fails unless layers.sh reports each of them.
set -eu
layers=$(cd "$(dirname "$0")" && pwd)/layers.sh
failures=0
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"

# plant FILE LINE: makes a correct tree and adds one line to a file.
plant()
{
    rm -rf tree
    mkdir -p tree/include/quipu tree/drivers/sqlite tree/drivers/lmdb \
        tree/drivers/common tree/conformance/context tree/conformance/cases \
        tree/tools tree/examples tree/bench/measure
    for layer in base driver records event encoding mapper store domain; do
        mkdir -p "tree/core/$layer"
        echo '#include <quipu/types.h>' >"tree/core/$layer/$layer.h"
    done
    echo '#include <stdint.h>' >tree/include/quipu/types.h
    echo '#include <quipu/types.h>' >tree/include/quipu/driver.h
    echo '#include <quipu/types.h>' >tree/include/quipu/records.h
    echo '#include <quipu/types.h>' >tree/include/quipu/conformance.h
    echo '#include <quipu/driver.h>' >tree/drivers/sqlite/own.h
    echo '#include <sqlite3.h>' >tree/drivers/sqlite/own.c
    echo '#include "own.h"' >>tree/drivers/sqlite/own.c
    echo '#include "common/own.h"' >>tree/drivers/sqlite/own.c
    echo '#include <quipu/driver.h>' >tree/drivers/common/own.h
    mkdir -p tree/drivers/lmdb/btree tree/drivers/lmdb/txn
    echo '#include <quipu/driver.h>' >tree/drivers/lmdb/top.h
    echo '#include "top.h"' >tree/drivers/lmdb/btree/page.h
    echo '#include "page.h"' >tree/drivers/lmdb/btree/page.c
    echo '#include "btree/page.h"' >tree/drivers/lmdb/txn/read.c
    echo '#include "base/base.h"' >tree/core/store/store.c
    echo '#include "records/records.h"' >>tree/core/store/store.c
    echo '#include <quipu/records.h>' >tree/tools/own.h
    echo '#include <stdint.h>' >tree/bench/measure/own.h
    echo '#include <quipu/records.h>' >tree/conformance/context/context.h
    echo '#include "context/context.h"' >tree/conformance/cases/case.h
    mkdir -p "$(dirname "tree/$1")"
    printf '%s\n' "$2" >>"tree/$1"
}

refused()
{
    plant "$1" "$2"
    if sh "$layers" tree >out 2>&1 || ! grep -q "^$1:" out; then
        echo "not refused: $1: $2"
        cat out
        failures=$((failures + 1))
    fi
}

accepted()
{
    plant "$1" "$2"
    if ! sh "$layers" tree >out 2>&1; then
        echo "wrongly refused: $1: $2"
        cat out
        failures=$((failures + 1))
    fi
}

accepted core/domain/domain.c '#include "store/store.h"'
accepted core/encoding/encoder.c '#include <msgpack.h>'
accepted tools/main.c '#include "own.h"'
accepted tools/copy/copy.c '#include "own.h"'
accepted tools/main.c '#include "measure/own.h"'
accepted conformance/cases/case.c '#include <quipu/conformance.h>'
accepted conformance/cases/case.c '#include "case.h"'
accepted conformance/cases/case.c '#include "context/context.h"'
accepted conformance/cases/races/race.c '#include "cases/case.h"'

refused core/base/base.c '#include "driver/driver.h"'
refused core/driver/driver.c '#include "records/records.h"'
refused core/records/records.c '#include "event/event.h"'
refused core/event/event.c '#include "mapper/mapper.h"'
refused core/mapper/mapper.c '#include "records/records.h"'
refused core/store/other.c '#include "driver/driver.h"'
refused core/store/other.c '#  include   "domain/domain.h"'
refused core/store/store.c '#include "domain/domain.h"'
refused core/domain/domain.c '#include "../records/records.h"'
refused core/domain/domain.c '#include "domain.h"'
refused core/domain/domain.h '#include "driver/driver.h"'
refused core/base/base.c '#include <quipu/conformance.h>'
refused core/base/base.c '#include <quipu/absent.h>'
refused core/base/base.c '#include HEADER'
refused core/records/records.c '#include <sqlite3.h>'
refused core/store/other.c '#include <dlfcn.h>'
refused core/extra/extra.c '#include "base/base.h"'
refused drivers/sqlite/own.c '#include <quipu/types.h>'
refused drivers/sqlite/own.c '#include <quipu/records.h>'
refused drivers/sqlite/own.c '#include "base/base.h"'
refused drivers/sqlite/own.c '#include "../../core/base/base.h"'
refused drivers/sqlite/own.c '#include <lmdb.h>'
refused drivers/sqlite/own.c '#include "common/none.h"'
refused core/base/base.c '#include "common/own.h"'
refused drivers/lmdb/lmdb.c '#include "own.h"'
refused drivers/lmdb/txn/read.c '#include "page.h"'
refused drivers/lmdb/txn/read.c '#include "sqlite/own.h"'
refused drivers/lmdb/lmdb.c '#include <uuid/uuid.h>'
refused conformance/cases/case.c '#include "base/base.h"'
refused conformance/cases/case.c '#include <sqlite3.h>'
refused conformance/cases/case.c '#include "context.h"'
refused conformance/cases/case.c '#include "cases/case.h"'
refused conformance/cases/races/race.c '#include "case.h"'
refused conformance/context/other.c '#include "cases/case.h"'
refused conformance/extra/extra.c '#include "context/context.h"'
refused tools/main.c '#include "core/base/base.h"'
refused tools/main.c '#include "measure/absent.h"'
refused examples/demo.c '#include "measure/own.h"'
refused examples/demo.c '#include "records/records.h"'
refused examples/demo.c '#include <sqlite3.h>'
refused include/quipu/types.h '#include <quipu/records.h>'
refused include/quipu/driver.h '#include <quipu/records.h>'
refused include/quipu/records.h '#include "types.h"'

mkdir empty
if sh "$layers" empty >out 2>&1; then
    echo "not refused: a tree without a source file"
    failures=$((failures + 1))
fi

[ "$failures" = 0 ] || exit 1
echo "layers.sh refuses every planted include"
