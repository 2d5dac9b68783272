"""Mounts that only a program under test sees."""

import subprocess


def namespace():
    """The command that gives a program mounts of its own; None where that is not permitted."""
    for command in (["unshare", "-m"], ["unshare", "-rm"]):
        try:
            probe = subprocess.run([*command, "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"],
                                   capture_output=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if probe.returncode == 0:
            return command
    return None


def read_only(directory):
    """The command that runs a program for which `directory` is read-only; None where that is not permitted."""
    own = namespace()
    return own and [*own, "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"', directory]
