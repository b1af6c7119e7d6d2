# SPDX-License-Identifier: Apache-2.0
# Stores of the tests of backup and restore; to be sourced.
. "$(dirname "$0")/lib.sh"

# Without the longer timeout, since a refusal because of a lock is awaited.
at()
{
    echo "$driver:///$1?timeout=500"
}

# data NAME: prints the name of the database file of a store.
data()
{
    case $driver in
    lmdb) echo "$1/data.mdb" ;;
    *) echo "$1" ;;
    esac
}

# remove_store NAME: removes a store and what belongs to it.
remove_store()
{
    rm -rf "$1" "$1"-*
}

# exported NAME FILE: exports a store that may have to be recovered.
exported()
{
    "$quipu" export "$(at "$1")&readonly=no" >"$2" 2>export.err
}

# verified NAME: fails unless the store is clean.
verified()
{
    "$quipu" verify --raw "$(at "$1")&readonly=no" >verified 2>&1 || {
        fail "$1 is not clean"
        cat verified
    }
}
