#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tree.sh [ROOT]: every file that git tracks is of a known kind, no private
# header is under 30 lines (such a header belongs into that of its noun), no
# folder but that of the public headers has more than 30 C or C++ files, and
# each path that a page of docs names in `backquotes` exists. The headers and
# folders of the tests are exempt.
set -eu
cd "${1:-$(dirname "$0")/../..}"
git ls-files | awk '
    BEGIN {
        tops = " core drivers include conformance tools bench tests examples " \
            "docs cmake python "
    }
    function refuse(why) { print $0 ": " why; bad++ }

    # Sources and documents, by their endings.
    /\.(c|h|cpp|hpp|sh|awk|cmake|md|in|1)$/ { known = 1 }
    # Computations of the tests that use nothing of quipu.
    /^tests\/.*\.py$/ { known = 1 }
    # The package for Python, its tests, and a stand-in for a library.
    /^python\/(CMakeLists\.txt|pyproject\.toml|quipu\/py\.typed)$/ { known = 1 }
    /^python\/(quipu|tests(\/standin\/[a-z]+)?)\/[a-z_]+\.py$/ { known = 1 }
    # Completion for shells.
    /^tools\/completions\/(quipu\.(bash|fish)|_quipu)$/ { known = 1 }
    # The page of quipu browse.
    /^tools\/browse\/page\/[a-z]+\.(html|css|js)$/ { known = 1 }
    # Files of the tools, and those whose names are fixed.
    /(^|\/)(CMakeLists\.txt|\.clang-tidy)$/ { known = 1 }
    /^(CMakePresets\.json|LICENSE|dev|\.ci\/run)$/ { known = 1 }
    /^\.(clang-format|editorconfig|gitattributes|gitignore)$/ { known = 1 }
    # Lists of exported symbols, tables and data of the tests.
    /^(core|conformance)\/[a-z]+\.(map|symbols)$/ { known = 1 }
    /^conformance\/safeguards\/expected\.txt$/ { known = 1 }
    /^tests\/fuzz\/corpus\// { known = 1 }
    # Test vectors of the state format.
    /^tests\/state-format\/vectors\/[a-z0-9-]+$/ { known = 1 }
    # Programs that share no code with quipu.
    /^tests\/([a-z-]+\/)*[a-z_]+\.py$/ { known = 1 }
    # The packaging for Debian, whose names are given.
    /^debian\/([a-z0-9-]+\.(install|manpages)|source\/format)$/ { known = 1 }
    /^debian\/(control|changelog|copyright|rules)$/ { known = 1 }
    # The record of the ABI, and a project of Meson.
    /^tests\/(abi\/libquipu\.abi\.xz|checks\/package\/meson\.build)$/ {
        known = 1
    }
    # Stores that earlier releases wrote.
    /^examples\/[a-z]+\/[a-z]+\.sqlite$/ { known = 1 }
    /^tests\/drivers\/[a-z]+\/stores\/[0-9.]+[a-z]+$/ { known = 1 }
    # Scripts of the tests that start a server and run a command beside it.
    /^tests\/([a-z]+\/)*(cluster|with-[a-z]+)$/ { known = 1 }
    {
        if (!known) { refuse("unknown kind of file; see tests/checks/tree.sh") }
        known = 0
    }

    /\.([ch]|[ch]pp)$/ && !/^tests\// {
        folder = $0
        sub(/\/[^\/]*$/, "", folder)
        if (folder != "include/quipu" && ++files[folder] == 31) {
            refuse("over 30 C files in " folder)
        }
    }
    /\.h$/ && !/^(include|tests)\// {
        lines = 0
        while ((getline line < $0) > 0) { lines++ }
        close($0)
        if (lines < 30) { refuse(lines " lines: fold it into another header") }
    }
    # `core/base/uri.c`; not `drivers/*` and not `tests/core/<folder>`.
    /\.md$/ {
        number = 0
        while ((getline line < $0) > 0) {
            number++
            while (match(line, /`[a-z]+\/[a-zA-Z0-9_.\/-]+`/)) {
                path = substr(line, RSTART + 1, RLENGTH - 2)
                line = substr(line, RSTART + RLENGTH)
                top = path
                sub(/\/.*/, "", top)
                if (index(tops, " " top " ") && system("test -e " path)) {
                    refuse("line " number ": there is no " path)
                }
            }
        }
        close($0)
    }
    END {
        printf "tree: %d files, %d faults\n", NR, bad
        exit bad > 0 || NR == 0
    }'
