#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion: the words that `quipu complete` offers are those that the command
# accepts, and bash offers them.
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$(dirname "$0")/../../tools/completions" && pwd)

# offers WORDS WORD...: fails unless these WORDS are offered for the last WORD.
offers()
{
    wanted=$1
    shift
    expect 0 "$quipu" complete "$@"
    got=$(cut -f 1 out | LC_ALL=C sort | tr '\n' ' ')
    [ "$got" = "$wanted" ] || fail "'$got' instead of '$wanted': $*"
}

# Every command, and every option of each, as the help lists them.
"$quipu" help | sed -n 's/^  \([a-z]*\) .*/\1/p' >commands
offers "$( (cat commands; echo help) | sort | tr '\n' ' ')" ""
offers "$( (cat commands; echo help) | sort | tr '\n' ' ')"
offers "sequences serve stats " s
offers "sequences serve stats " help s
offers "" frobnicate ""
while read -r command; do
    "$quipu" $command --help |
        sed -n 's/^  \(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' |
        LC_ALL=C sort >accepted
    [ "$(wc -l <accepted)" -ge 2 ] || fail "$command --help lists no option"
    offers "$(tr '\n' ' ' <accepted)" $command --
    # Each has its help.
    ! grep -v "$(printf '\t')." out || fail "options of $command without help"
done <commands
offers "--tail --topic " log --t
offers "--tail --topic " log sqlite:///a.db --json --t

# Values of options, and arguments by their place.
offers "always auto never " log --color ""
offers "always " log --color al
offers ":files " log --keys ""
offers "now " log --since n
offers "" log --schema ""
offers "all " parked --drop ""
offers ":files " backup sqlite:///a.db ""
offers ":files " restore ""
offers ":files " backup --force sqlite:///a.db x
offers "sqlite:/// " info sq
offers "sqlite:/// " restore --force x sq
offers "sqlite:/// " copy sqlite:///a.db sq
offers "sqlite:/// " log --consumers sq
offers "sqlite:/// " log --limit 3 -n 4 --watch sq
offers "" read sqlite:///a.db ""
offers "" info sqlite:///a.db ""
expect 0 "$quipu" complete info ""
says "sqlite:///"

# Paths of stores, without the files beside them.
mkdir -p folder/lmdb folder/.hidden
: >folder/a.db
: >folder/a.db-wal
: >folder/a.db-quipu
: >folder/b.db
: >folder/lmdb/data.mdb
: >folder/.hidden/c.db
offers "sqlite:///folder/ " info sqlite:///fo
offers "sqlite:///folder/a.db sqlite:///folder/b.db sqlite:///folder/lmdb/ " \
    info sqlite:///folder/
offers "sqlite:///$PWD/folder/a.db " info "sqlite:///$PWD/folder/a"
offers "lmdb:///folder/lmdb " info lmdb:///folder/
offers "sqlite:///folder/.hidden/ " info sqlite:///folder/.
offers "" info sqlite:///missing/

# in_bash COMMAND REST: prints what bash offers at the end of the line, which
# has the command as a user types it.
in_bash()
{
    PATH=$(dirname "$quipu"):$PATH bash -c '
        . "$1"
        COMP_WORDS=("$2")
        COMP_LINE="$2 $3"
        COMP_POINT=${#COMP_LINE}
        _quipu
        printf "%s\n" "${COMPREPLY[@]}"' bash "$scripts/quipu.bash" "$1" "$2" |
        sort | tr '\n' ' '
}
offered()
{
    got=$(in_bash "${3-quipu}" "$1")
    [ "$got" = "$2" ] || fail "bash offers '$got' instead of '$2': $1"
}
quipu_as_typed=$(bash -c 'printf %q "$1"' bash "$quipu")
offered "s" "sequences serve stats "
offered "log --t" "--tail --topic "
offered "log --color " "always auto never "
offered "log sqlite:///fo" "///folder/ "
offered "log --topic X sqlite:///folder/a" "///folder/a.db "
offered "backup sqlite:///folder/a.db folder/b" "folder/b.db "
offered "log sq" "sqlite:/// "
offered "exp" "export " "$quipu_as_typed"
offered "exp" "export " "'$quipu'"
offered "frobnicate " " "
grep -q "complete -F _quipu quipu" "$scripts/quipu.bash" ||
    fail "the completion for bash is not registered"
finish
