# Finds CAF's core library: Debian's package ships no CMake configuration. Target: CAF::core.
include(FindPackageHandleStandardArgs)
find_package(Threads REQUIRED)
find_path(CAF_INCLUDE_DIR NAMES caf/all.hpp)
find_library(CAF_core_LIBRARY NAMES caf_core)
if(CAF_INCLUDE_DIR)
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _line REGEX "#define CAF_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+$" _number "${_line}")
  math(EXPR _major "${_number} / 10000")
  math(EXPR _minor "(${_number} / 100) % 100")
  math(EXPR _patch "${_number} % 100")
  set(CAF_VERSION "${_major}.${_minor}.${_patch}")
endif()
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_core_LIBRARY CAF_INCLUDE_DIR VERSION_VAR CAF_VERSION)
if(CAF_FOUND AND NOT TARGET CAF::core)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES
    IMPORTED_LOCATION "${CAF_core_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS CAF_ENABLE_TYPE_ID_CHECKS
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
