"""The machine a figure was measured on, and its disk's own speed."""

import datetime
import os
import pathlib
import platform
import time


def _first_line(path, key):
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def describe():
    """One line for the head of the table."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{datetime.date.today()}, {os.cpu_count()} cores of {_first_line('/proc/cpuinfo', 'model name')}, "
            f"{memory_gib:.0f} GiB, Linux {'.'.join(platform.release().split('.')[:2])}")


def load_average():
    return os.getloadavg()[0]


def fsync_latencies(directory, size, seconds=5):
    """Times of appending `size` bytes and fdatasync, in ms, one after another."""
    payload = os.urandom(size)
    path = os.path.join(directory, "fsync-probe")
    times = []
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.perf_counter()
            os.write(fd, payload)
            os.fdatasync(fd)
            times.append((time.perf_counter() - begin) * 1000)
    finally:
        os.close(fd)
        os.unlink(path)
    return sorted(times)


def quantile(ordered, q):
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0


def drop_page_cache(directory):
    """Makes the next reads of these files come from the disk. Says how."""
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("1", encoding="ascii")
        return "drop_caches"
    except OSError:
        for path in pathlib.Path(directory).rglob("*"):
            if path.is_file():
                fd = os.open(path, os.O_RDONLY)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)
        return "fadvise"
