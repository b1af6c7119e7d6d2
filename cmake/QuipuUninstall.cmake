# SPDX-License-Identifier: Apache-2.0
# Removes what `cmake --install` has installed: each file of MANIFEST, which
# that command writes in the build folder, and then those of their folders that
# are quipu's own and empty. The target `uninstall` runs it. DESTDIR as there.
#
#   cmake -DMANIFEST=build/install_manifest.txt -P QuipuUninstall.cmake
if(NOT EXISTS "${MANIFEST}")
    message(FATAL_ERROR "\"${MANIFEST}\" does not exist, so it is not known "
        "what was installed; run cmake --install before")
endif()
file(STRINGS "${MANIFEST}" files ENCODING UTF-8)
set(folders "")
set(removed 0)
foreach(file IN LISTS files)
    set(file "$ENV{DESTDIR}${file}")
    if(EXISTS "${file}" OR IS_SYMLINK "${file}")
        file(REMOVE "${file}")
        math(EXPR removed "${removed} + 1")
    endif()
    while(file MATCHES "/quipu(-[^/]*)?/")
        get_filename_component(file "${file}" DIRECTORY)
        list(APPEND folders "${file}")
    endwhile()
endforeach()
# The longest first, so that each is empty before the one that contains it.
list(REMOVE_DUPLICATES folders)
list(SORT folders ORDER DESCENDING)
foreach(folder IN LISTS folders)
    file(GLOB left LIST_DIRECTORIES true "${folder}/*")
    if(folder MATCHES "/quipu(-[^/]*)?(/|$)" AND NOT left)
        file(REMOVE_RECURSE "${folder}")
    endif()
endforeach()
message(STATUS "uninstalled ${removed} files")
