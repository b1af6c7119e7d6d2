# SPDX-License-Identifier: Apache-2.0
# Completion of quipu for fish. The words come from `quipu complete`, so that
# they fit the version that is installed.
function __quipu_complete
    set -l words (commandline -opc)
    for line in ($words[1] complete $words[2..-1] (commandline -ct) 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c quipu -f -a "(__quipu_complete)"
