"""The frame of a system test: a scratch directory, and exit code 77 where everything was skipped."""

import os
import shutil
import sys
import tempfile
import unittest

from . import paths


# Minutes are not for every run: these are for whoever changes what they try, and for docs/proof.md.
LONG = bool(os.environ.get("WEIR_LONG"))
takes_minutes = unittest.skipUnless(LONG, "takes minutes: WEIR_LONG=1")


class SystemTest(unittest.TestCase):
    """Gives each test a directory of its own, and turns what is missing on this machine into a skip."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="weir-system-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name):
        return f"{self.directory}/{name}"

    def run(self, result=None):
        method = getattr(self, self._testMethodName)

        def guarded(*arguments):
            try:
                method(*arguments)
            except paths.Missing as missing:
                self.skipTest(str(missing))
        setattr(self, self._testMethodName, guarded)
        return super().run(result)


def main():
    """Runs the calling script's tests."""
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    if result.skipped and len(result.skipped) == result.testsRun:
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() else 1)
