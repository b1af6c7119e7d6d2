# SPDX-License-Identifier: Apache-2.0
# Completion of quipu for bash. The words come from `quipu complete`, so that
# they fit the version that is installed.
_quipu()
{
    local command words current kept line word
    COMPREPLY=()
    # The command may be a path with quoted or escaped blanks.
    command=${COMP_WORDS[0]//[\\\'\"]/}
    line=${COMP_LINE:0:COMP_POINT}
    line=${line#"${COMP_WORDS[0]}"}
    # Bash splits words at ":" and "=", which are parts of URIs.
    read -ra words <<<"$line"
    case $line in *[[:space:]]) words+=("") ;; esac
    [ ${#words[@]} -gt 0 ] || return 0
    current=${words[${#words[@]} - 1]}
    kept=${current%"${current##*[:=]}"}
    while IFS= read -r line; do
        word=${line%%$'\t'*}
        if [ "$word" = ":files" ]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do
                COMPREPLY+=("$word")
            done < <(compgen -f -- "$current")
            continue
        fi
        case $word in */ | *:) compopt -o nospace 2>/dev/null ;; esac
        COMPREPLY+=("${word#"$kept"}")
    done < <("${command/#\~/$HOME}" complete "${words[@]}" 2>/dev/null)
}
complete -F _quipu quipu
