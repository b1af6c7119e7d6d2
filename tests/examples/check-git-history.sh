#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-git-history.sh PROGRAM QUIPU [REPOSITORY]: checks that a file replayed
# to any version equals the file in git. It uses a repository of unusual cases
# with a bare and a shallow clone of it, or REPOSITORY, if one is named.
set -eu
program=$1
quipu=$2
repository=${3-}
failures=0
export LC_ALL=C.UTF-8
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

fail()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# -------------------------------------------------- a repository of odd cases

clock=1100000000

commit()
{
    clock=$((clock + 1000))
    git -C odd add -A
    GIT_AUTHOR_DATE="@$clock +0200" GIT_COMMITTER_DATE="@$clock +0200" \
        git -C odd commit -q --allow-empty -m "$1"
}

make_odd()
{
    git init -q -b main odd
    git -C odd config user.name 'Ren'"$(printf '\303\251')"' "the" O'\''Quipu'
    git -C odd config user.email ''
    # The configuration of users must not change the result.
    git -C odd config diff.renames false
    git -C odd config diff.noprefix true
    git -C odd config log.showSignature true
    git -C odd config log.showRoot false
    git -C odd config core.quotePath true
    git -C odd config diff.relative true

    seq 20 >odd/numbers
    printf 'no newline at the end' >odd/open
    : >odd/empty
    printf '\0\1\2' >odd/binary
    mkdir -p odd/folder/deep
    echo one >odd/folder/deep/file
    commit first

    # Names that have to be quoted, escaped or passed on as they are.
    echo 1 >"odd/a b"
    echo 2 >"$(printf 'odd/new\nline')"
    echo 3 >"$(printf 'odd/tab\there')"
    echo 4 >'odd/"quoted"'
    echo 5 >'odd/back\slash'
    echo 6 >"$(printf 'odd/na\303\257ve')"
    echo 7 >"$(printf 'odd/latin\351')"
    echo 8 >"$(printf 'odd/\001control')"
    echo 9 >'odd/$(touch oops); rm -rf x'
    echo 10 >odd/-dash
    echo 11 >'odd/:(exclude)magic*'
    commit names

    # Every kind of change.
    seq 5 30 >odd/numbers
    echo more >>odd/open
    printf '\0\1\2\3' >odd/binary
    chmod +x odd/folder/deep/file
    commit changes
    git -C odd mv numbers "$(printf 'folder/tab\tnumbers')"
    commit "rename only"
    git -C odd mv "$(printf 'folder/tab\tnumbers')" digits
    echo 31 >>odd/digits
    git -C odd mv "$(printf 'latin\351')" 'latin e'
    commit "rename and change"
    git -C odd rm -q empty open
    commit delete
    echo again >odd/open
    : >odd/empty
    commit "create again"
    ln -sf digits odd/link
    commit link
    rm odd/link
    echo "no link any more" >odd/link
    commit "type change"
    echo text >odd/binary
    commit "binary becomes text"
    commit nothing
    seq 100 >odd/turns
    commit "text to be"
    { seq 100; printf '\0'; } >odd/turns
    commit "text becomes binary"

    # Two files exchange their paths.
    seq 200 300 >odd/left
    seq 400 500 >odd/right
    commit "left and right"
    mv odd/left odd/swap
    mv odd/right odd/left
    mv odd/swap odd/right
    commit "exchange"

    # A merged branch, with a rename there and a change here.
    git -C odd checkout -q -b side
    git -C odd mv digits figures
    commit "rename on the side"
    git -C odd checkout -q main
    echo main >>odd/digits
    commit "change on main"
    git -C odd merge -q --no-edit side
    printf '\n' >odd/blank
    commit "a blank line"
    # A commit of the year 1970, and a file that exists in one commit only.
    echo short >odd/short
    clock=-1000
    commit "long ago"
    clock=1100999000
    git -C odd rm -q short
    commit "short is gone"
    for i in $(seq 15); do
        echo "$i" >>odd/hot
        commit "hot $i"
    done
}

# -------------------------------------------------------- comparing with git

# value NAME: prints a value from the output of `show` in the file shown.
value()
{
    sed -n "s/^$1  *//p" shown
}

# compare REPOSITORY URI PATH: replays the file at a path to every version, and
# compares each with git.
compare()
{
    repo=$1
    uri=$2
    path=$3
    version=0
    while "$program" show "$uri" "$path" $version >shown 2>shown.err; do
        compare_version
        version=$((version + 1))
    done
    [ $version -gt 0 ] || { fail "no version of $path"; cat shown.err; }
    grep -q "no such version\|has no version\|discarded" shown.err ||
        { fail "$path ends at $version"; cat shown.err; }
}

# Git is asked for a path if it needs no escapes, and otherwise for the blob.
compare_version()
{
    commit=$(value commit)
    blob=$(value blob)
    then=$(value path)
    git -C "$repo" cat-file -e "$commit" || fail "no commit $commit"
    case $then in
    *\\* | \"*) git -C "$repo" ls-tree -r "$commit" | grep -q "$blob" ||
        fail "$path, version $version: blob $blob is not in $commit" ;;
    *)  said=$(git -C "$repo" rev-parse "$commit:$then")
        [ "$said" = "$blob" ] ||
            fail "$path, version $version: blob $blob, git says $said"
        said=$(git -C "$repo" ls-tree "$commit" -- ":(literal)$then" |
            cut -d ' ' -f 1)
        [ "$said" = "$(value mode)" ] ||
            fail "$path, version $version: mode $(value mode), git: $said" ;;
    esac
    said=$(git -C "$repo" log -1 --format=%an "$commit")
    [ "$said" = "$(value author)" ] || fail "$path: author $(value author)"
    said=$(git -C "$repo" log -1 --format=%at "$commit")
    [ "$said" = "$(date -u -d "$(value time)" +%s)" ] ||
        fail "$path: time $(value time), git says $said"
    case $(value lines) in
    not*)   return 0 ;;
    esac
    said=$(git -C "$repo" cat-file blob "$blob" | awk 'END { print NR }')
    [ "$said" = "$(value lines)" ] ||
        fail "$path, version $version: $(value lines) lines, git says $said"
}

# compare_all REPOSITORY URI: every file of the newest commit, at every version.
compare_all()
{
    git -C "$1" ls-tree -r -z --name-only HEAD >paths
    count=0
    while IFS= read -r path; do
        compare "$1" "$2" "$path"
        count=$((count + 1))
    done <<END
$(tr '\n\0' '\001\n' <paths | grep -v "$(printf '\001')")
END
    files=$("$program" summary "$2" | sed -n 's/.*of which \(.*\) exist/\1/p')
    [ "$files" = "$(tr -cd '\0' <paths | wc -c)" ] ||
        fail "$files files exist in $2, not $(tr -cd '\0' <paths | wc -c)"
    "$quipu" verify "$2" || fail "verify $2"
    echo "compared $count files of $1"
}

# import URI REPOSITORY WORDS: imports; the output must contain the words.
import()
{
    "$program" import "$1" "$2" >out 2>err || { fail "import $2"; cat err; }
    grep -q "$3" out || { fail "importing $2 does not say: $3"; cat out; }
}

# ------------------------------------------------------------------- the checks

check_odd()
{
    make_odd
    import sqlite:///odd.db odd "events imported$"
    compare_all odd sqlite:///odd.db
    [ ! -e odd/oops ] && [ ! -e oops ] || fail "a name was run as a command"

    # Paths are stored byte by byte, and printed with escapes.
    newline=$(printf 'new\nline')
    "$program" show sqlite:///odd.db "$newline" 0 >shown
    grep -qF 'path     new\012line' shown || { fail "newline"; cat shown; }
    "$program" show sqlite:///odd.db "$(printf 'latin\351')" 0 >shown
    grep -qF 'path     "latin\351"' shown || { fail "latin 1"; cat shown; }
    "$program" show sqlite:///odd.db '"quoted"' 0 >shown
    grep -qF 'path     "\042quoted\042"' shown || { fail "quotes"; cat shown; }

    # Renaming continues the sequence; creating again begins another one.
    "$program" log sqlite:///odd.db numbers >log
    grep -q '3 .*renamed from numbers to folder/tab\\011numbers' log ||
        grep -q 'renamed from numbers' log || { fail "renamed"; cat log; }
    grep -q 'renamed from digits to figures' log || { fail "merge"; cat log; }
    "$program" log sqlite:///odd.db open >log
    [ "$(grep -c 'created as open' log)" = 2 ] || { fail "twice"; cat log; }
    grep -q '   2 .*deleted' log || { fail "deleted"; cat log; }
    "$program" log sqlite:///odd.db binary >log
    grep -q binary log || { fail "binary"; cat log; }
    "$program" top sqlite:///odd.db 1 >top
    grep -q '^ *15  hot$' top || { fail "top"; cat top; }
    "$program" top sqlite:///odd.db 1000 | grep -q ' short (deleted)$' ||
        fail "top does not tell what is deleted"
    # The second 0 is a valid time, although 0 means "not known" in an event.
    "$program" log sqlite:///odd.db short | grep -q '^   0  1970-01-01 ' ||
        fail "the year 1970"
    "$program" summary sqlite:///odd.db >summary
    events=$(sed -n 's/^events *\([0-9]*\),.*/\1/p' summary)
    [ "$events" = "$("$quipu" log --json sqlite:///odd.db | wc -l)" ] ||
        fail "summary counts $events events"

    # Repeating the import stores nothing; importing into another store gives
    # the same ids.
    "$quipu" sequences sqlite:///odd.db >sequences
    import sqlite:///odd.db odd "up to date"
    "$quipu" sequences sqlite:///odd.db | diff sequences - ||
        fail "importing again changed something"
    git clone -q --bare odd bare.git
    import sqlite:///bare.db bare.git "events imported$"
    "$quipu" sequences sqlite:///bare.db | diff sequences - ||
        fail "another import has other sequences"
    import memory: odd "$events events imported"
}

# New commits are added; a history that does not continue the stored one is
# refused.
check_again()
{
    echo later >>odd/hot
    git -C odd mv right wrong
    commit later
    commit "nothing after it"
    import sqlite:///odd.db odd "2 commits and 2 events imported"
    # A commit without files stores no event, so it is read again.
    import sqlite:///odd.db odd "1 commits and 0 events imported"
    compare odd sqlite:///odd.db hot
    compare odd sqlite:///odd.db wrong
    git -C odd reset -q --hard HEAD~4
    ! "$program" import sqlite:///odd.db odd >out 2>err ||
        fail "a repository after reset --hard is imported"
    grep -q "into another store" err || { fail "reset"; cat err; }
    echo other >odd/hot
    commit "another commit"
    ! "$program" import sqlite:///odd.db odd >out 2>err ||
        fail "another history is imported"
    grep -q "into another store" err || { fail "another commit"; cat err; }
    git init -q -b main strange
    git -C strange -c user.name=x -c user.email=x commit -q --allow-empty -m x
    ! "$program" import sqlite:///odd.db strange >out 2>err ||
        fail "an unrelated repository is imported"
    grep -q "does not have" err || { fail "strange"; cat err; }
}

# An import that was killed continues after the last stored commit. There are
# more files than the program caches.
check_interrupted()
{
    git init -q -b main long
    git -C long config user.name x
    git -C long config user.email x
    {
        for i in $(seq 3000); do
            printf 'commit refs/heads/main\ncommitter x <x> %d +0000\n' "$i"
            printf 'data 1\nx\nM 644 inline f%d\ndata %d\n%d\n' \
                $((i % 2500)) "${#i}" "$i"
        done
    } | git -C long fast-import --quiet
    for round in 1 2 3; do
        : >out
        "$program" import sqlite:///long.db long >out 2>err &
        pid=$!
        # Wait until it has written, or has finished and printed a line.
        while ! [ -s long.db-wal ] && ! [ -s out ]; do :; done
        kill -9 $pid 2>/dev/null || :
        wait $pid 2>/dev/null || :
    done
    "$program" import sqlite:///long.db long >out
    "$program" summary sqlite:///long.db | grep -q 'of 3000 commits' ||
        fail "an interrupted import lost commits"
    "$quipu" verify sqlite:///long.db || fail "verify long.db"
    GIT_DIR=/nowhere "$program" import sqlite:///long.db long >out ||
        fail "GIT_DIR has an effect"
}

check_shallow()
{
    git clone -q --depth 3 "file://$PWD/bare.git" shallow
    import sqlite:///shallow.db shallow "3 commits"
    compare_all shallow sqlite:///shallow.db
}

check_none()
{
    git init -q nothing
    import sqlite:///nothing.db nothing "no commit"
    "$program" summary sqlite:///nothing.db | grep -q '^events     0' ||
        fail "an empty repository has events"
    mkdir folder
    for wrong in folder missing odd/hot; do
        status=0
        GIT_CEILING_DIRECTORIES=$PWD \
            "$program" import sqlite:///none.db $wrong >out 2>err || status=$?
        [ "$status" = 1 ] || fail "status $status for $wrong"
        grep -q "is no git repository" err || { fail "$wrong"; cat err; }
    done
    [ ! -e none.db ] || fail "a store was created for a failed import"
    for wrong in "" import "import a" "top a b c" "show a b" "show a b c" \
        sizes "sizes a b c" \
        "top sqlite:///odd.db x" "top sqlite:///odd.db 0"; do
        status=0
        "$program" $wrong >out 2>err || status=$?
        [ "$status" = 2 ] || fail "status $status for: $wrong"
    done
    "$program" --help | grep -q usage: || fail "--help"
    status=0
    "$program" summary sqlite:///missing.db >out 2>err || status=$?
    [ "$status" = 1 ] && [ ! -e missing.db ] || fail "a missing store"
    for wrong in "log sqlite:///odd.db nope" "show sqlite:///odd.db nope 0" \
        "show sqlite:///odd.db open 99"; do
        status=0
        "$program" $wrong >out 2>err || status=$?
        [ "$status" = 1 ] || fail "status $status for: $wrong"
    done
}

# Compares three versions of the files with most events in a real repository.
check_real()
{
    import sqlite:///real.db "$repository" "events imported"
    "$program" top sqlite:///real.db 8 | sed '1d; s/^ *[0-9]*  //' >files
    grep -v ' (deleted)$' files >existing || :
    while IFS= read -r path; do
        last=$("$program" log sqlite:///real.db "$path" |
            awk 'END { print $1 }')
        for version in 0 $((last / 2)) "$last"; do
            repo=$repository
            "$program" show sqlite:///real.db "$path" "$version" >shown
            compare_version
        done
        echo "compared versions 0, $((last / 2)) and $last of $path"
    done <existing
    "$program" summary sqlite:///real.db
    "$quipu" verify sqlite:///real.db || fail "verify"
}

if [ -n "$repository" ]; then
    check_real
else
    check_odd
    check_again
    check_interrupted
    check_shallow
    check_none
fi
[ "$failures" = 0 ] || { echo "$failures failures"; exit 1; }
