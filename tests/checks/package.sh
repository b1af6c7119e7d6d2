#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# package.sh BUILD: installs a build into the current (empty) folder, packs it,
# uninstalls a part of it, moves the installed tree, and uses it as other
# projects do: with find_package and quipu_add_driver, with pkg-config, with
# Meson, and by running the programs.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
unset QUIPU_DRIVER_PATH LD_LIBRARY_PATH PKG_CONFIG_PATH DESTDIR

fail()
{
    echo "package: $*"
    exit 1
}

# same WHAT EXPECTED GOT
same()
{
    [ "$2" = "$3" ] || fail "$1 is \"$3\" instead of \"$2\""
}

# --------------------------------------- installation, with DESTDIR and moved

cmake --install "$build" --prefix "$PWD/first" >install.log
DESTDIR=$PWD/stage cmake --install "$build" >stage.log
usual=$(sed -n 's/^CMAKE_INSTALL_PREFIX:[^=]*=//p' "$build/CMakeCache.txt")
(cd first && find . | sort) >first.list
(cd "stage$usual" && find . | sort) >stage.list
diff first.list stage.list || fail "DESTDIR gives another tree (>)"

# ---------------------------------------------------- an archive of the tree

cpack --config "$build/CPackConfig.cmake" -B "$PWD/packed" >cpack.log
(cd packed && sha256sum --quiet -c quipu-*.sha256)
mkdir unpacked
tar xzf packed/quipu-*.tar.gz -C unpacked --strip-components=1
(cd unpacked && find . | sort) >archive.list
diff first.list archive.list || fail "cpack's archive has another tree (>)"

# ------------------------------------------------------------ uninstallation

# The manifest of one component: other tests install this build at the same
# time, and each overwrites install_manifest.txt.
cmake --install "$build" --prefix "$PWD/removed" --component development \
    >removed.log
touch removed/include/quipu/of-somebody-else.h
cmake -DMANIFEST="$build/install_manifest_development.txt" \
    -P "$here/../../cmake/QuipuUninstall.cmake"
find removed -path '*quipu*' | sort >left.list
printf '%s\n' removed/include/quipu removed/include/quipu/of-somebody-else.h |
    diff - left.list || fail "uninstalling leaves other files (>)"
cmake -DMANIFEST=nowhere.txt -P "$here/../../cmake/QuipuUninstall.cmake" \
    2>manifest.log && fail "it uninstalls without a manifest"
grep -q '"nowhere.txt" does not exist' manifest.log ||
    fail "a missing manifest is not named: $(cat manifest.log)"

mkdir elsewhere
mv first elsewhere/moved
prefix=$PWD/elsewhere/moved
pc=$(find "$prefix" -name quipu.pc)
libdir=$(dirname "$(dirname "$pc")")
drivers=$(echo "$libdir"/quipu/drivers/*)
for file in include/quipu/quipu.h include/quipu/driver.h \
    include/quipu/quipu.hpp include/quipu/cpp/error.hpp \
    include/quipu/conformance.h bin/quipu-conformance bin/quipu \
    share/bash-completion/completions/quipu share/man/man1/quipu.1 \
    share/zsh/site-functions/_quipu \
    share/fish/vendor_completions.d/quipu.fish; do
    [ -f "$prefix/$file" ] || fail "$file is not installed"
done
for file in libquipu.so libquipu.a libquipu-conformance.so \
    libquipu-conformance.a quipu/quipu-faults.so; do
    [ -f "$libdir/$file" ] || fail "$file is not installed"
done
if grep -rlF "$PWD/first" "$prefix"; then
    fail "these files contain the path of the first installation"
fi

# ------------------------------------------ --explain names installed files

suite=$prefix/bin/quipu-conformance
"$suite" --list | grep -v '^ ' >ids
while read -r id; do
    "$suite" --explain "$id" | sed -n '/^More about it/,$p'
done <ids >explained
grep -q 'writing-a-driver' explained || fail "--explain names no page"
ends=', "| contains the case| is a complete driver'
sed -nE "s/^    (.*)($ends).*/\1/p" explained | sort -u >named
[ "$(wc -l <named)" -ge 10 ] || fail "--explain names only: $(cat named)"
while read -r file; do
    case $file in
    "$(realpath "$prefix")"/*) ;;
    *) fail "--explain names $file, which is not in the installed tree" ;;
    esac
    [ -e "$file" ] || fail "--explain names $file, which is not installed"
done <named
for page in "$prefix"/share/doc/*/*.md; do
    sed -n 's/.*](\([^)#:]*\)[)#].*/\1/p' "$page" | sort -u
done | sort -u >links
while read -r link; do
    [ -f "$(echo "$prefix"/share/doc/*)/$link" ] ||
        [ -f "$prefix/share/man/man1/$link" ] ||
        fail "an installed page links to $link, which is not there"
done <links

# --------------------------------------------------- a project using CMake

linked="driver_sqlite;driver_lmdb;driver_postgres"
for driver in sqlite lmdb postgres; do
    if [ ! -f "$drivers/$driver.so" ]; then
        linked= # this build lacks one
    elif [ ! -f "$libdir/libquipu-driver-$driver.a" ]; then
        fail "libquipu-driver-$driver.a is not installed"
    fi
done
cmake -S "$here/package" -B consumer -DCMAKE_PREFIX_PATH="$prefix" \
    -DQUIPU_LINKED_DRIVERS="$linked"
cmake --build consumer
same "a program's output" "OK toy" "$(consumer/program-quipu)"
same "a static program's output" "OK toy" "$(consumer/program-static)"
if readelf -d consumer/program-static | grep 'NEEDED.*libquipu'; then
    fail "the static program needs the shared library"
fi
for flavour in conformance conformance_static; do
    same "quipu::$flavour" "U1 One winner" \
        "$("consumer/suite-$flavour" --explain U1 | head -n 1)"
    "consumer/suite-$flavour" --explain "$(head -n 1 ids)" >explained
    grep -q 'docs*/.*writing-a-driver\.md' explained ||
        fail "quipu::$flavour explains: $(cat explained)"
    # The toy driver has no functions and says so, which shows that it is
    # linked.
    "consumer/suite-$flavour" >toy.tap 2>&1 &&
        fail "the suite passes the toy driver"
    grep -q '^Bail out!.*toy' toy.tap ||
        fail "unexpected output: $(cat toy.tap)"
done
same "the test of a driver with a library" "U1 One winner" \
    "$(consumer/suite-needy --explain U1 | head -n 1)"
same QUIPU_DRIVER_DIR "$drivers" "$(cat consumer/driver-dir)"

# An unknown component is refused by its name, unless it is optional.
components()
{
    cmake -S "$here/components" -B "components-$1" -DWANTED="$1" \
        -DCMAKE_PREFIX_PATH="$prefix" >components.log 2>&1
    tr '\n' ' ' <components.log | tr -s ' '
}
components static | grep -q 'quipu found: 1' ||
    fail "the component static is not found: $(cat components.log)"
components unheard | grep -q 'no component "unheard"; it has: static' ||
    fail "an unknown component is not named: $(cat components.log)"
grep -qi 'quipu found: \(0\|FALSE\)' components.log ||
    fail "quipu is found without a component: $(cat components.log)"

# The driver is installed where the moved library searches.
cmake --install consumer --prefix "$prefix"
sh "$here/exports.sh" driver "$drivers/toy.so"
same "the alias" toy.so "$(readlink "$drivers/plaything.so")"
# Its archive is installed beside those of quipu.
cc -o archive "$here/package/program.c" -I"$prefix/include" \
    -L"$libdir" -lquipu-driver-toy -lquipu
same "the output of a program with an installed archive" "OK toy" \
    "$(LD_LIBRARY_PATH=$libdir ./archive)"

# ------------------------------------------------------------- pkg-config

export PKG_CONFIG_PATH="$libdir/pkgconfig"
driverdir=$(pkg-config --variable=driverdir quipu | sed 's/\\ / /g')
same driverdir "$(realpath "$drivers")" "$(realpath "$driverdir")"
# A relative prefix: pkg-config's output is split at spaces.
flags=$(pkg-config --define-variable=prefix=elsewhere/moved --cflags --libs \
    quipu)
cc -o program "$here/package/program.c" "$here/package/toy.c" \
    -DQUIPU_DRIVER_STATIC $flags
same "pkg-config's program's output" "OK toy" \
    "$(LD_LIBRARY_PATH=$libdir ./program)"

flags=$(pkg-config --define-variable=prefix=elsewhere/moved --cflags --libs \
    quipu-conformance)
cc -o suite "$here/package/suite.c" "$here/package/toy.c" \
    -DQUIPU_DRIVER_STATIC $flags
same "pkg-config's suite's output" "U1 One winner" \
    "$(LD_LIBRARY_PATH=$libdir ./suite --explain U1 | head -n 1)"

# ------------------------------------------------------------------ Meson

if command -v meson >/dev/null; then
    mkdir with-meson
    cp "$here/package/meson.build" "$here/package/program.c" \
        "$here/package/toy.c" with-meson
    meson setup with-meson/build with-meson >meson.log ||
        fail "meson: $(cat meson.log)"
    meson compile -C with-meson/build >meson.log ||
        fail "meson: $(cat meson.log)"
    same "Meson's program's output" "OK toy" "$(with-meson/build/program)"
else
    echo "NOT TESTED: Meson, since there is no meson"
fi

# -------------------------------------- drivers linked in, without any module

if [ -n "$linked" ]; then
    mkdir -p stores/lmdb
    mv "$drivers" "$drivers.away"
    for flavour in quipu static; do
        "consumer/linked-$flavour" "sqlite:///stores/$flavour.db" \
            "lmdb:///stores/lmdb/$flavour" >linked.out ||
            fail "the program with linked drivers and quipu::$flavour fails"
        same "its notification ids" "1 1" "$(echo $(cat linked.out))"
    done
    flags=$(pkg-config --define-variable=prefix=elsewhere/moved --cflags \
        --libs quipu-driver-sqlite)
    cc -o linked "$here/package/static.c" $flags
    LD_LIBRARY_PATH=$libdir ./linked sqlite:///stores/linked.db >linked.out ||
        fail "the program with pkg-config's linked driver fails"
    same "its notification id" 1 "$(cat linked.out)"
    # A program without any shared library.  glibc warns of dlopen.  Not every
    # distribution has the archive of SQLite.
    flags=$(pkg-config --define-variable=prefix=elsewhere/moved --static \
        --cflags --libs quipu-driver-sqlite)
    if [ -f "$(cc -print-file-name=libsqlite3.a)" ]; then
        cc -static -o linked-static "$here/package/static.c" $flags \
            2>linked-static.log || fail "cc -static: $(cat linked-static.log)"
        same "a program without shared libraries" 1 \
            "$(./linked-static sqlite:///stores/linked-static.db)"
    else
        echo "NOT TESTED: cc -static, since there is no libsqlite3.a"
    fi
    mv "$drivers.away" "$drivers"
fi

# ------------------------------- programs find the drivers beside their library

if "$prefix/bin/quipu-conformance" nowhere: >nowhere; then
    fail "a driver for nowhere: is found"
fi
grep -qF "looked for $drivers/nowhere.so;" nowhere ||
    fail "drivers are searched elsewhere: $(cat nowhere)"
if [ -f "$drivers/sqlite.so" ]; then
    "$prefix/bin/quipu-conformance" "sqlite:///{dir}/x.db" \
        --only 'U1.*,V3.power-cut-anywhere' ||
        fail "the driver beside the library does not work"
    # The fault library is not beside this program; the suite finds it beside
    # its own library.
    "consumer/suite-conformance" "sqlite:///{dir}/x.db" \
        --only 'V3.power-cut-anywhere' ||
        fail "a program of another project cannot simulate power cuts"
fi
echo "the installed package works"
