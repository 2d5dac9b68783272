#pragma once

namespace weir::test {

/// The root of the checkout that the tests were built from; defined by the test program's main file
/// alone, so that objects of other files are the same in every checkout (and a compiler cache can
/// share them).
const char* source_dir();

} // namespace weir::test
