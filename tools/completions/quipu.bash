# SPDX-License-Identifier: Apache-2.0
# Completion of quipu for bash. The words come from `quipu complete`, so that
# they fit the version that is installed.
_quipu()
{
    local words current kept line word
    COMPREPLY=()
    # Bash splits words at ":" and "=", which are parts of URIs.
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    case ${COMP_LINE:0:COMP_POINT} in *[[:space:]]) words+=("") ;; esac
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
    done < <("${words[0]/#\~/$HOME}" complete "${words[@]:1}" 2>/dev/null)
}
complete -F _quipu quipu
