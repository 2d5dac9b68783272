#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE weir
#include "tests/support/source_dir.hpp"

#include <boost/test/unit_test.hpp>

const char* weir::test::source_dir() {
  return WEIR_SOURCE_DIR;
}
