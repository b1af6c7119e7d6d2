#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packages.sh OUTPUT [ROOT]: builds the Debian packages of a clean copy of the
# tree in OUTPUT, and checks them with lintian. With ROOT, the folder of a
# minimal Debian system, it also installs them there, as root, and runs with
# them, word for word, the programs of the README and of the pages for C++ and
# Python.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
output=$(cd "$1" && pwd)
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$source/debian/changelog")
tree=$output/quipu-$version

fail()
{
    echo "packages: $*" >&2
    exit 1
}

rm -rf "${output:?}"/*
mkdir -p "$tree"
(cd "$source" && git ls-files -co --exclude-standard | tar cf - -T -) |
    tar xf - -C "$tree"
# Where libmsgpack-dev was only unpacked (see ./dev), its dependency is missing.
(cd "$tree" && CMAKE_PREFIX_PATH="$source/build/packages/usr" \
    dpkg-buildpackage -b -us -uc -d) >"$output/build.log" 2>&1 ||
    { tail -n 40 "$output/build.log"; fail "the packages cannot be built"; }
lintian --fail-on error,warning "$output"/*.changes \
    >"$output/lintian.log" 2>&1 ||
    { cat "$output/lintian.log"; fail "lintian finds faults"; }
echo "packages: built, and lintian finds nothing"
[ $# -gt 1 ] || exit 0

root=$2
mkdir -p "$root/packages"
cp "$output"/*.deb "$root/packages/"
rm -f "$root/packages/"*dbgsym*
# program PAGE LANGUAGE TEXT FILE: copies a program of a page into the root.
program()
{
    sh "$source/tests/examples/block.sh" "$source/$1" "$2" "$3" \
        >"$root/packages/$4"
    [ -s "$root/packages/$4" ] || fail "$1 has no program"
}
program README.md c 'int main' account.c
program docs/cpp.md cpp 'int main' account.cpp
program docs/python.md python 'import quipu' account.py
chroot "$root" sh -eux >"$output/install.log" 2>&1 <<'EOF' ||
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset CMAKE_C_COMPILER_LAUNCHER
cd /packages
apt-get update
apt-get install -y --no-install-recommends ./*.deb gcc g++ libc6-dev pkg-config
cc account.c -o account $(pkg-config --cflags --libs quipu)
c++ -std=c++17 account.cpp -o account-cpp $(pkg-config --cflags --libs quipu)
cd /tmp
rm -rf accounts.db* accounts python.db* python
for uri in sqlite:///accounts.db lmdb:///accounts; do
    for program in account account-cpp; do
        QUIPU_URI=$uri /packages/$program | grep -x '750 cents after 2 events'
    done
done
for uri in sqlite:///python.db lmdb:///python; do
    QUIPU_URI=$uri python3 /packages/account.py | grep -x '750 cents'
done
quipu drivers
quipu verify sqlite:///accounts.db
quipu-conformance 'lmdb:///{dir}/x' --only 'U1*'
man -w quipu_records_append 2>/dev/null ||
    ls /usr/share/man/man3/quipu_records_append.3.gz
apt-get remove -y --purge libquipu0 libquipu-conformance0 quipu-doc
[ -z "$(find /usr -path '*quipu*' -type f ! -path '*/packages/*')" ]
EOF
    { tail -n 40 "$output/install.log"; fail "they cannot be used in $root"; }
echo "packages: installed, used and removed in $root"
