"""Where the programs and the data are."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Memory of sanitizers is none of the node's, and what they run takes longer.
SANITIZED = bool(os.environ.get("WEIR_SANITIZE"))
RECORDED = ROOT.parent / "shared" / "data" / "hipstershop-traces.otlp.zst"


class Missing(Exception):
    """Something that the work needs cannot be had here; the text says what."""


def program(name):
    """The path of one of the project's programs: from WEIR_BIN_DIRECTORY, else the release build."""
    directory = pathlib.Path(os.environ.get("WEIR_BIN_DIRECTORY", ROOT / "build" / "release" / "bin"))
    path = directory / name
    if not path.exists():
        raise Missing(f"{path} is not built")
    return str(path)


def peer(name):
    """The path of a program of others, built where needed by scripts/peers."""
    done = subprocess.run([ROOT / "scripts" / "peers", name], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f"{name} cannot be had here")
    return done.stdout.strip().splitlines()[-1]


def traffic_options(traces=9000):
    """Options of `weir-load play` for recorded data where it is there, generated data elsewhere."""
    if RECORDED.exists():
        return ["--file", str(RECORDED)]
    return ["--traces", str(traces)]


def traffic_name():
    return "hipstershop" if RECORDED.exists() else "generated shop"
