# SPDX-License-Identifier: Apache-2.0
# Installs the CMake package and the pkg-config file. The library, the headers,
# the drivers and the programs are installed where they are built.
include(CMakePackageConfigHelpers)

set(QUIPU_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/quipu")
configure_package_config_file(cmake/quipu-config.cmake.in
    "${PROJECT_BINARY_DIR}/quipu-config.cmake"
    INSTALL_DESTINATION "${QUIPU_CMAKE_DIR}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/quipu-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
configure_file(cmake/quipu.pc.in "${PROJECT_BINARY_DIR}/quipu.pc" @ONLY)

install(EXPORT quipu-targets NAMESPACE quipu:: DESTINATION "${QUIPU_CMAKE_DIR}"
    COMPONENT development)
install(FILES "${PROJECT_BINARY_DIR}/quipu-config.cmake"
    "${PROJECT_BINARY_DIR}/quipu-config-version.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/QuipuAddDriver.cmake"
    DESTINATION "${QUIPU_CMAKE_DIR}" COMPONENT development)
install(FILES "${PROJECT_BINARY_DIR}/quipu.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
