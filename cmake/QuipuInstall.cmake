# SPDX-License-Identifier: Apache-2.0
# Installs the CMake package, the pkg-config files, the pages of documentation
# and the sources of the examples. The CMakeLists.txt of the library, headers,
# drivers and programs have the install rules of these.
include(CMakePackageConfigHelpers)

# The libraries of core/sealing, which a static library needs, too.
set(QUIPU_PC_SEALING "")
set(QUIPU_SEALING_MODULES "")
if(QUIPU_OPENSSL AND OPENSSL_FOUND)
    string(APPEND QUIPU_PC_SEALING " libcrypto")
    list(APPEND QUIPU_SEALING_MODULES OPENSSL libcrypto)
endif()
if(QUIPU_ZSTD AND ZSTD_FOUND)
    string(APPEND QUIPU_PC_SEALING " libzstd")
    list(APPEND QUIPU_SEALING_MODULES ZSTD libzstd)
endif()

set(QUIPU_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/quipu")
configure_package_config_file(cmake/quipu-config.cmake.in
    "${PROJECT_BINARY_DIR}/quipu-config.cmake"
    INSTALL_DESTINATION "${QUIPU_CMAKE_DIR}" NO_SET_AND_CHECK_MACRO
    PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/quipu-config-version.cmake"
    COMPATIBILITY SameMinorVersion)

# The paths in quipu.pc are relative to its own folder, so that an installed
# tree can be moved. Absolute paths are kept.
function(quipu_pkgconfig_folder folder variable)
    if(IS_ABSOLUTE "${folder}")
        set(${variable} "${folder}" PARENT_SCOPE)
    else()
        set(${variable} "\${prefix}/${folder}" PARENT_SCOPE)
    endif()
endfunction()
quipu_pkgconfig_folder("${CMAKE_INSTALL_LIBDIR}" QUIPU_PC_LIBDIR)
quipu_pkgconfig_folder("${CMAKE_INSTALL_INCLUDEDIR}" QUIPU_PC_INCLUDEDIR)
set(QUIPU_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    file(RELATIVE_PATH QUIPU_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" QUIPU_PC_PREFIX "${QUIPU_PC_PREFIX}")
    string(PREPEND QUIPU_PC_PREFIX "\${pcfiledir}/")
endif()
# The libraries of a static library are "private", unless there is no other.
set(QUIPU_PC_PRIVATE .private)
set(QUIPU_PC_LIBS "")
if(NOT QUIPU_SHARED)
    set(QUIPU_PC_PRIVATE "")
    set(QUIPU_PC_LIBS " -ldl -lm -pthread")
endif()
configure_file(cmake/quipu.pc.in "${PROJECT_BINARY_DIR}/quipu.pc" @ONLY)
configure_file(cmake/quipu-conformance.pc.in
    "${PROJECT_BINARY_DIR}/quipu-conformance.pc" @ONLY)

install(EXPORT quipu-targets NAMESPACE quipu:: DESTINATION "${QUIPU_CMAKE_DIR}"
    COMPONENT development)
install(EXPORT quipu-static NAMESPACE quipu:: DESTINATION "${QUIPU_CMAKE_DIR}"
    COMPONENT development)
install(EXPORT quipu-driver_common NAMESPACE quipu::
    DESTINATION "${QUIPU_CMAKE_DIR}" COMPONENT development)

# For linking a driver in: an export file, and a pkg-config file that requires
# the library of its back end.
set(QUIPU_DRIVER_LIBRARY_sqlite sqlite3)
set(QUIPU_DRIVER_LIBRARY_lmdb lmdb)
set(QUIPU_DRIVER_LIBRARY_postgres libpq)
foreach(driver IN LISTS QUIPU_DRIVERS)
    install(EXPORT quipu-driver_${driver} NAMESPACE quipu::
        DESTINATION "${QUIPU_CMAKE_DIR}" COMPONENT development)
    set(QUIPU_PC_DRIVER ${driver})
    set(QUIPU_PC_LIBRARY ${QUIPU_DRIVER_LIBRARY_${driver}})
    configure_file(cmake/quipu-driver.pc.in
        "${PROJECT_BINARY_DIR}/quipu-driver-${driver}.pc" @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/quipu-driver-${driver}.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
endforeach()

install(FILES "${PROJECT_BINARY_DIR}/quipu-config.cmake"
    "${PROJECT_BINARY_DIR}/quipu-config-version.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/QuipuAddDriver.cmake"
    DESTINATION "${QUIPU_CMAKE_DIR}" COMPONENT development)
install(FILES "${PROJECT_BINARY_DIR}/quipu.pc"
    "${PROJECT_BINARY_DIR}/quipu-conformance.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)

install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}"
    COMPONENT documentation FILES_MATCHING PATTERN "*.md"
    PATTERN reference EXCLUDE)
install(DIRECTORY examples DESTINATION "${CMAKE_INSTALL_DOCDIR}"
    COMPONENT documentation PATTERN ".clang-tidy" EXCLUDE)

if(QUIPU_IS_TOP_LEVEL)
    add_custom_target(uninstall VERBATIM
        COMMAND "${CMAKE_COMMAND}"
            "-DMANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt"
            -P "${PROJECT_SOURCE_DIR}/cmake/QuipuUninstall.cmake")

    # For systems without packages of their own: cpack makes an archive, which
    # may be unpacked in any folder.
    set(CPACK_GENERATOR TGZ)
    set(CPACK_PACKAGE_NAME quipu)
    set(CPACK_PACKAGE_VENDOR "quipu maintainers")
    set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
    set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
    set(CPACK_RESOURCE_FILE_README "${PROJECT_SOURCE_DIR}/README.md")
    set(CPACK_PACKAGE_CHECKSUM SHA256)
    set(CPACK_STRIP_FILES ON)
    include(CPack)
endif()
