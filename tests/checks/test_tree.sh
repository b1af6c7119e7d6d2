#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_tree.sh CC: plants one fault after the other in a small tree, in a folder
# of its own, and requires that tree.sh, calls.sh, language.sh, links.sh and
# shown.sh name each of them, and nothing where there is none.
set -eu
checks=$(cd "$(dirname "$0")" && pwd)
cc=$1
. "$checks/../lib.sh"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"

# ------------------------------------------------------------- tracked files

# A header of 30 lines, and a file.
begin_tree()
{
    rm -rf tree
    mkdir -p tree/core/base tree/docs
    git -C tree -c init.defaultBranch=main init -q
    seq 30 >tree/core/base/uri.h
    : >tree/core/base/uri.c
    : >tree/docs/uri.md
}

tree_refuses()
{
    git -C tree add -A -f
    expect 1 sh "$checks/tree.sh" tree
    grep -q "^$1: " out || { fail "tree.sh does not name $1"; cat out; }
}

begin_tree
git -C tree add -A
expect 0 sh "$checks/tree.sh" tree
for stray in t1.db/data.mdb core/base/uri.o core.1234 docs/note.odt \
    tests/new; do
    begin_tree
    mkdir -p "tree/${stray%/*}" 2>/dev/null || true
    rmdir "tree/$stray" 2>/dev/null || true
    : >"tree/$stray"
    tree_refuses "$stray"
done
begin_tree
seq 29 >tree/core/base/uri.h
tree_refuses core/base/uri.h
begin_tree
for i in $(seq 10 39); do
    : >"tree/core/base/uri$i.c"
done
tree_refuses core/base/uri38.c
begin_tree
echo 'See `core/base/uri.c` and `core/base/url.c`.' >tree/docs/uri.md
tree_refuses docs/uri.md

# --------------------------------------------------------------------- calls

mkdir -p calls/tests root/tests/checks
cp "$checks/calls.awk" root/tests/checks

# compile FOLDER FILE TEXT: an object where CMake would put it.
compile()
{
    mkdir -p "calls/${1%%/*}/CMakeFiles/objects.dir/${1#*/}"
    mkdir -p "root/$1"
    printf '%s\n' "$3" >"root/$1/$2.c"
    "$cc" -c "root/$1/$2.c" \
        -o "calls/${1%%/*}/CMakeFiles/objects.dir/${1#*/}/$2.c.o"
}

begin_calls()
{
    rm -rf calls
    for folder in core drivers conformance tools bench examples; do
        mkdir -p "calls/$folder"
    done
    compile core/base uri 'int quipu_uri_parse(void){return 0;}'
    compile core/base errors 'int quipu_uri_parse(void);
        int quipu_base_error_set(void){return quipu_uri_parse();}'
}

calls_refuse()
{
    expect 1 sh "$checks/calls.sh" root calls
    grep -q "^$1: " out || { fail "calls.sh does not name $1"; cat out; }
}

begin_calls
expect 0 sh "$checks/calls.sh" root calls
compile core/base option 'int quipu_other_make(void){return 0;}'
calls_refuse core/base/option.c
rm root/core/base/option.c
expect 0 sh "$checks/calls.sh" root calls
begin_calls
compile core/base uri 'int quipu_base_error_set(void);
    int quipu_uri_parse(void){return quipu_base_error_set();}'
calls_refuse core/base/uri.c
begin_calls
compile core/base uri 'extern int quipu_error_count;
    int quipu_uri_parse(void){return quipu_error_count;}'
compile core/base errors 'int quipu_uri_parse(void); int quipu_error_count;
    int quipu_error_set(void){return quipu_uri_parse();}'
calls_refuse core/base/uri.c

# ------------------------------------------------------------------ language

# begin_text FILE: its text comes from standard input.
begin_text()
{
    begin_tree
    mkdir -p tree/tests/checks
    cp "$checks/language.awk" tree/tests/checks
    cat >"tree/$1"
    git -C tree add -A
}

language_refuses()
{
    begin_text "$1"
    expect 1 sh "$checks/language.sh" tree
    grep -q "^$1:$2: " out || { fail "language.sh misses $1:$2"; cat out; }
}

language_accepts()
{
    begin_text "$1"
    expect 0 sh "$checks/language.sh" tree
}

language_refuses core/base/uri.c 2 <<'E2'
int x;
/* What a page
 * holds. */
E2
language_refuses core/base/uri.c 1 <<'E2'
int x; /* A lock. Who holds it, writes. */
E2
language_refuses dev 1 <<'E2'
# It sets the table up anew.
E2
language_refuses docs/uri.md 3 <<'E2'
# A page

The process opens it; then he reads.
E2
language_accepts core/base/uri.c <<'E2'
/* The process that holds the lock knows what a page holds. What is it? */
const char *text = "Who is it";
E2
language_accepts docs/uri.md <<'E2'
# A page

```c
/* What code says. */
```

Its answer is `What`.
E2

# --------------------------------------------------------------------- pages

begin_pages()
{
    rm -rf pages
    mkdir -p pages/docs pages/core pages/examples/howto
    echo 'See [the pages](docs/README.md#questions).' >pages/README.md
    : >pages/CONTRIBUTING.md
    {
        printf '# Pages\n\n[a](a.md), [b](#questions)\n\n## Questions\n\n'
        seq 10 | sed 's/.*/- [What is &?](a.md#keyvalue-entries-k1)/'
    } >pages/docs/README.md
    printf '# A\n\n## Key\342\200\223value entries, `K1`\n' \
        >pages/docs/a.md
    echo 'quipu_unit_run(), quipu_unit_run_all()' >>pages/docs/a.md
    echo 'quipu_unit_new();' >pages/examples/howto/units.c
    printf 'quipu_unit_%s\n' new run >pages/core/quipu.symbols
}

# pages_refuse CHECK WORDS
pages_refuse()
{
    expect 1 sh "$checks/$1" pages
    grep -q "$2" out || { fail "$1 does not say: $2"; cat out; }
}

begin_pages
expect 0 sh "$checks/links.sh" pages
expect 0 sh "$checks/shown.sh" pages
echo quipu_unit_ru >>pages/core/quipu.symbols
pages_refuse shown.sh '^quipu_unit_ru: '
echo 'See [b](b.md).' >>pages/docs/a.md
pages_refuse links.sh '^docs/a.md:5: there is no docs/b.md'
begin_pages
echo 'See [b](README.md#answers).' >>pages/docs/a.md
pages_refuse links.sh '^docs/a.md:5: there is no heading #answers'
begin_pages
: >pages/docs/lost.md
pages_refuse links.sh 'no link to docs/lost.md'
begin_pages
sed -i '$d' pages/docs/README.md
pages_refuse links.sh 'only 9 questions'

finish
echo "every planted fault is named"
