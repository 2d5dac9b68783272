"""What benchmarks/run is made of. Standard library only."""

import pathlib
import sys

# The programs are started as the system tests start them.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "system"))
