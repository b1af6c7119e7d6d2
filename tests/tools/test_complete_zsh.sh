#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion in an interactive zsh: a word is completed after a tab.
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$(dirname "$0")/../../tools/completions" && pwd)
command -v zsh >/dev/null || {
    echo "zsh is not installed" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
mkdir folder
: >folder/only.db

# typed LINE TEXT: types the line, a tab and enter on a terminal whose `quipu`
# prints its arguments; fails unless these are TEXT.
cat >typed.zsh <<'END'
zmodload zsh/zpty
zpty shell "TERM=dumb PS1=ready PS2= zsh -f -i"
zpty -w shell "PATH=$3:\$PATH fpath=($2 \$fpath)"
zpty -w shell "autoload -Uz compinit && compinit -u -D && unsetopt beep"
zpty -w shell 'quipu() { [ "$1" = complete ] && { command quipu "$@"; return }
    print -r -- "<$*>" }; print loaded""yet'
zpty -r shell text '*loadedyet*'
zpty -w -n shell "$1"$'\t\n'
zpty -r shell text '*<*>*'
print -r -- "$text"
zpty -d shell
END
typed()
{
    timeout 120 zsh -f typed.zsh "$1" "$scripts" "$(dirname "$quipu")" >out ||
        fail "zsh failed: $1"
    says "<$2>"
}
typed "quipu exp" "export"
typed "quipu log --rev" "log --reverse"
typed "quipu log sqlite:///fo" "log sqlite:///folder/"
typed "quipu backup sqlite:///folder/only.db fol" \
    "backup sqlite:///folder/only.db folder"
finish
