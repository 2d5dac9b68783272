#!/usr/bin/env python3
"""docs/bad-input.md says nothing that is not tested: the tests that it names exist, and those of bad input have
their row there."""

import pathlib
import re

from support import bad_input, case, paths

TESTS = paths.ROOT / "tests"


def cases_of(file):
    """The names of the cases of FOLDER/NAME.cpp, anywhere below the folder in tests, or of tests/system/NAME.py."""
    folder, _, name = file.rpartition("/")
    system_test = TESTS / "system" / f"{name}.py"
    if not folder and system_test.exists():
        return set(re.findall(r"    def (test_\w+)", system_test.read_text(encoding="utf-8")))
    found = list((TESTS / folder).rglob(f"{name}.cpp")) if folder else []
    return {case for source in found
            for case in re.findall(r"BOOST_\w+_TEST_CASE\(\s*(\w+)", source.read_text(encoding="utf-8"))}


class BadInputPageTest(case.SystemTest):
    def test_named_tests_exist(self):
        """Scenario: each test that the page names. Guarantee: it is in the tree."""
        named = [test for _, _, tests, _ in bad_input.rows() for test in tests]
        self.assertGreater(len(named), 40)
        self.assertEqual([f"{file}: {name}" for file, name in named if name not in cases_of(file)], [])

    def test_security_is_tested(self):
        """Scenario: each test that docs/security.md names, each case of hostile_test. Guarantee: it is in the tree;
        it is on the page, or on that of bad input."""
        text = (paths.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
        named = set(bad_input.TEST_NAME.findall(text))
        self.assertEqual([f"{file}: {name}" for file, name in sorted(named) if name not in cases_of(file)], [])
        named |= {test for _, _, tests, _ in bad_input.rows() for test in tests}
        self.assertEqual([name for name in sorted(cases_of("hostile_test")) if ("hostile_test", name) not in named], [])

    def test_bad_input_has_its_row(self):
        """Scenario: each case of the system tests of bad input. Guarantee: the page names it."""
        named = {test for _, _, tests, _ in bad_input.rows() for test in tests}
        for file in ("bad_input_test", "bad_start_test"):
            self.assertEqual([name for name in sorted(cases_of(file)) if (file, name) not in named], [])

    def test_rows_are_whole(self):
        """Scenario: each line of the page's tables. Guarantee: it has an input, an answer, a test and a bound."""
        lines = [line for line in pathlib.Path(bad_input.PAGE).read_text(encoding="utf-8").splitlines()
                 if line.startswith("| ") and not line.startswith(("| input", "| ---"))]
        rows = list(bad_input.rows())
        self.assertEqual(len(lines), len(rows))
        for cells in rows:
            self.assertTrue(all(cells), cells)


if __name__ == "__main__":
    case.main()
