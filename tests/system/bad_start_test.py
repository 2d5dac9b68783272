#!/usr/bin/env python3
"""What is wrong when a node starts: its storage directory, its configuration file, the clock. Each row of
docs/bad-input.md that names this file; memory is that of the whole process here."""

import mmap
import pathlib
import shutil
import struct
import time

from support import bad_input, case, mounts, paths
from support.process import wait_until
from support.wire import request, span

GOOD_CONFIG = """receivers: {otlp: {protocols: {http: {endpoint: 127.0.0.1:0}}}}
exporters: {nop: }
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
"""
# Of format 2, with the checksum (XXH3) that a newer program would have written.
NEWER_VERSION = "weir storage\nformat 2\nnode 0000000000000001\ncheck 03e1d9a51eae55dd\n"
YEAR_S = 365 * 86_400
RUN_TIME = 69  # the exit code where the configuration is good and a start is not possible
# Traces that share a checksum with a byte: a commit's in the database's log, a block's of a table (here: all
# of the first 20, which are in the tables).
MAY_BE_LOST = {".log": 1, ".sst": 20}


def span_of(number, name):
    return request(span(name, number.to_bytes(16, "little")))


class BadStart(bad_input.BadInputTest):
    FILE = __file__

    def run_on(self, directory, through=()):
        """Runs a node on a storage directory until it ends by itself."""
        config = pathlib.Path(self.path("weir.yaml"))
        config.write_text(f"{GOOD_CONFIG}storage: {{directory: {directory}}}\n", encoding="utf-8")
        code, text, peak = bad_input.run_to_end("run", "--config", config, through=through)
        self.assertEqual(code, RUN_TIME, text)
        self.assert_within_bound(peak)
        return [line for line in text.strip().splitlines() if "\tinfo\t" not in line]

    def file_node(self, wait="200ms", **options):
        one = bad_input.FileNode(self.path("node"), wait, **options)
        self.addCleanup(one.kill)
        return one

    def send(self, one, number, name):
        answer = one.post(span_of(number, name))
        self.assertEqual(answer.status, 200, answer)

    # -- the storage directory --

    def test_missing_directory(self):
        """Scenario: the directory is not there. Guarantee: it is made."""
        weir = self.file_node()
        weir.start()
        self.assertTrue((weir.directory / "data" / "VERSION").is_file())
        self.send(weir, 1, "first")
        weir.wait_for(["first"])
        self.assert_within_bound(weir.process.peak_memory_bytes())

    def test_unwritable_directory(self):
        """Scenario: the directory can be neither made nor written to (below a file: that binds root too).
        Guarantee: exit code 69 and one line that names it with the system's reason."""
        file = pathlib.Path(self.path("file"))
        file.write_text("", encoding="utf-8")
        lines = self.run_on(file / "data")
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], f"the node cannot start: .*{file}/data: Not a directory")

    def test_read_only_directory(self):
        """Scenario: the directory, with a node's data in it, is on a read-only file system.
        Guarantee: exit code 69 and one line that names it with the system's reason."""
        weir = self.file_node().start()
        weir.kill()
        data = weir.directory / "data"
        through = mounts.read_only(data)
        if not through:
            self.skipTest("mounts of its own are not permitted here (unshare -m, unshare -rm)")
        lines = self.run_on(data, through)
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], f"the node cannot start: {data}/.*: Read-only file system")

    def test_directory_in_use(self):
        """Scenario: another node works in the directory, with ports of its own or started from the same file.
        Guarantee: exit code 69 and a line that names its process; the other goes on."""
        weir = self.file_node().start()
        _, same, _ = bad_input.run_to_end("run", "--config", weir.config)
        for lines in (self.run_on(weir.directory / "data"), same.strip().splitlines()):
            self.assertRegex(lines[-1], f"the storage directory {weir.directory}/data is in use by process "
                                        f"{weir.process.pid}$")
        self.send(weir, 1, "after")
        weir.wait_for(["after"])

    def test_newer_directory(self):
        """Scenario: a newer version wrote the directory.
        Guarantee: exit code 69 and a line with both versions; nothing is changed."""
        data = pathlib.Path(self.path("data"))
        data.mkdir()
        (data / "VERSION").write_text(NEWER_VERSION, encoding="utf-8")
        lines = self.run_on(data)
        self.assertRegex(lines[-1], f"{data} was written by a newer Weir: .* version 2, .* version 1$")
        self.assertEqual((data / "VERSION").read_text(encoding="utf-8"), NEWER_VERSION)
        self.assertEqual({file.name for file in data.iterdir()} - {"LOCK"}, {"VERSION"})

    def test_flipped_bytes(self):
        """Scenario: after a kill -9 with 40 undecided traces, a byte in the middle of one of the files of the
        directory is flipped, file by file.
        Guarantee: the node starts and takes spans; of what was acknowledged nothing is missing but what shares
        a checksum with the byte."""
        weir = self.file_node(wait="60s").start()
        names = {f"trace {number}" for number in range(1, 41)}
        for number in range(1, 21):
            self.send(weir, number, f"trace {number}")
        weir.kill()  # the restart writes what is in the log so far into tables
        weir.start()
        for number in range(21, 41):
            self.send(weir, number, f"trace {number}")
        weir.kill()
        weir.write_config("100ms")
        data, kept = weir.directory / "data", weir.directory / "kept"
        data.rename(kept)
        peaks = []
        for file in self.files_to_damage(kept):
            with self.subTest(file=file):
                peaks.append(self.start_damaged(weir, kept, file, names))
        self.assertGreaterEqual(len(peaks), 8)
        self.assert_within_bound(max(peaks))

    @staticmethod
    def files_to_damage(directory):
        """One of each kind: own files, the database's log, tables and files about files."""
        found = {}
        for file in sorted(directory.rglob("*"), key=lambda path: path.stat().st_size):
            if file.is_file() and file.stat().st_size > 0 and file.name != "ballast":
                found[file.suffix or file.name.split("-")[0]] = file.relative_to(directory)
        return sorted(found.values())

    def start_damaged(self, weir, kept, file, names):
        """Flips the byte and looks what comes out; the peak memory."""
        data = weir.directory / "data"
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(kept, data)
        with open(data / file, "r+b") as damaged:
            middle = (data / file).stat().st_size // 2
            damaged.seek(middle)
            byte = damaged.read(1)[0]
            damaged.seek(middle)
            damaged.write(bytes([byte ^ 0x10]))
        for pipeline in weir.PIPELINES:
            (weir.directory / f"{pipeline}.jsonl").unlink(missing_ok=True)
        with weir:
            weir.start()
            self.send(weir, 99, "after")
            weir.wait_for(["after"])
            for pipeline in weir.PIPELINES:
                wait_until(lambda: len(names - weir.spans(pipeline).keys()) <= MAY_BE_LOST.get(file.suffix, 0),
                           20, f"the others to leave {pipeline}, {file} damaged")
            return weir.process.peak_memory_bytes()

    # -- the configuration --

    def assert_invalid(self, text, *errors):
        """`weir validate` and `weir run` say the same: one line an error, and exit code 1."""
        config = pathlib.Path(self.path("weir.yaml"))
        config.write_text(text, encoding="utf-8")
        for command in ("validate", "run"):
            code, said, peak = bad_input.run_to_end(command, "--config", config)
            self.assertEqual(code, 1, said)
            self.assertEqual([line.removeprefix(f"Error: {config}:") for line in said.splitlines()
                              if line.startswith("Error: ")], list(errors))
        self.assert_within_bound(peak)

    def test_yaml_tabs(self):
        """Scenario: a file that is indented by a tab. Guarantee: exit code 1, file, line and column."""
        self.assert_invalid(GOOD_CONFIG.replace("  telemetry", "\ttelemetry"),
                            "4:1: found a tab, expected spaces: YAML is indented by spaces alone")

    def test_yaml_duplicate_keys(self):
        """Scenario: a key that is there twice. Guarantee: exit code 1, where it is and where the first is."""
        self.assert_invalid(GOOD_CONFIG + "exporters: {debug: }\n",
                            "6:1: exporters: the key is given twice; first on line 2")

    def test_yaml_anchors(self):
        """Scenario: an anchor and its alias; a merge key, of a map and of none; an alias of nothing; anchors that
        grow tenfold each.
        Guarantee: the first two are taken; exit code 1 with line and column."""
        listeners = "{endpoint: 127.0.0.1:0}"
        shared = GOOD_CONFIG.replace(f"http: {listeners}", f"http: &any {listeners}, grpc: *any")
        config = pathlib.Path(self.path("shared.yaml"))
        config.write_text(shared, encoding="utf-8")
        merged = shared.replace("grpc: *any", "grpc: {<<: *any}")
        for good in (shared, merged):
            config.write_text(good, encoding="utf-8")
            code, said, _ = bad_input.run_to_end("validate", "--config", config)
            self.assertEqual(code, 0, said)
        self.assert_invalid(merged.replace("<<: *any", "<<: 5"),
                            f"1:{merged.index('*any') + 1}: found the number `5` behind the merge key `<<`, "
                            "expected a map or a list of maps")
        self.assert_invalid(GOOD_CONFIG + "storage: *nothing\n",
                            "6:10: not YAML: the referenced anchor is not defined")
        laughs = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
            f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n" for number in range(1, 10))
        config.write_text(laughs, encoding="utf-8")
        code, said, peak = bad_input.run_to_end("validate", "--config", config)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"\.yaml:\d+:\d+: .*too large once its aliases are expanded")
        self.assert_within_bound(peak)

    def write(self, name, text):
        path = pathlib.Path(self.path(name))
        path.write_text(text, encoding="utf-8")
        return path

    def assert_refused(self, *arguments, errors):
        """`weir validate` says just these errors, within the memory that the page states."""
        code, said, peak = bad_input.run_to_end("validate", *arguments)
        self.assertEqual(code, 1, said)
        self.assertEqual([line.removeprefix("Error: ") for line in said.splitlines()
                          if line.startswith("Error: ")], errors)
        self.assert_within_bound(peak)

    def test_several_sources(self):
        """Scenario: an error in the second file, in a text, in a setting.
        Guarantee: exit code 1, and the source that has it."""
        good = self.write("good.yaml", GOOD_CONFIG)
        other = self.write("other.yaml", "# site\nstorage:\n  retenton: 5h\n")
        self.assert_refused("--config", good, "--config", other, "--config", "yaml:storage::fsync: maybe",
                            "--set", "storage.max_bytes=secret", errors=[
                                f"{other}:3:3: storage.retenton: found an unknown option (did you mean `retention`?)",
                                "yaml:1:17: storage.fsync: found the text `maybe`, expected true or false",
                                "--set storage.max_bytes: storage.max_bytes: found the text `secret`, expected a "
                                "size such as `256MiB`"])
        self.assert_refused("--config", good, "--set", "no-equals-sign", errors=[
            "found `no-equals-sign` behind --set, expected key=value such as "
            "`exporters.otlp.endpoint=tempo:4317`"])

    def test_files_in_a_circle(self):
        """Scenario: a reference to a file that is not there, and files that put each other in, ten times each.
        Guarantee: exit code 1 with the place of the reference, in bounded time and memory."""
        missing = self.path("missing.yaml")
        config = self.write("weir.yaml", GOOD_CONFIG + f"storage: ${{file:{missing}}}\n")
        self.assert_refused("--config", config, errors=[
            f"{config}:6:10: storage: `${{file:...}}`: {missing}: No such file or directory"])
        one = self.write("one.yaml", f"a: ${{file:{self.path('two.yaml')}}}\n")
        two = self.write("two.yaml", "".join(f"k{i}: ${{file:{one}}}\n" for i in range(10)))
        config.write_text(GOOD_CONFIG + f"storage: ${{file:{one}}}\n", encoding="utf-8")
        code, said, peak = bad_input.run_to_end("validate", "--config", config)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, f"Error: ({one}|{two}):1:.*references stand in each other more than 16 deep")
        self.assert_within_bound(peak)

    def test_huge_configuration(self):
        """Scenario: a file of 1 GiB, and one without end. Guarantee: exit code 1, and little of it is read."""
        huge = pathlib.Path(self.path("huge.yaml"))
        with open(huge, "wb") as file:
            file.truncate(1 << 30)
        for path in (huge, pathlib.Path("/dev/zero")):
            self.assert_refused("--config", path, errors=[
                f"{path}: the file has 1048577 bytes, expected at most 1048576"])

    # -- the clock --

    def test_clocks_that_jump(self):
        """Scenario: the wall clock jumps ten years ahead and twenty back under a running node, and between a
        kill -9 and the next start.
        Guarantee: every span arrives, and no later than its wait allows by the steady clock."""
        offset = self.path("offset")
        with open(offset, "wb") as file:
            file.write(bytes(8))
        weir = self.file_node(env={"LD_PRELOAD": paths.program("clock_shift.so"), "WEIR_CLOCK_SHIFT": offset,
                                   "ASAN_OPTIONS": "verify_asan_link_order=0"})
        names, peaks = [], []
        with open(offset, "r+b") as file, mmap.mmap(file.fileno(), 8) as clock:
            def jump(years):
                clock[:] = struct.pack("<q", years * YEAR_S)
            weir.start()
            for years in (0, 10, -10, 0):
                jump(years)
                names.append(f"running, {years:+} years")
                self.send(weir, len(names), names[-1])
                weir.wait_for(names)
            weir.kill()
            weir.write_config("2s")
            for years in (10, -10):
                jump(0)
                weir.start()
                names.append(f"killed, {years:+} years")
                self.send(weir, len(names), names[-1])
                weir.kill()
                jump(years)
                weir.start()
                year = time.gmtime(time.time() + years * YEAR_S).tm_year
                self.assertTrue(weir.process.lines[-1].startswith(str(year)), weir.process.tail())
                weir.wait_for(names)
                peaks.append(weir.process.peak_memory_bytes())
                weir.kill()
        self.assert_within_bound(max(peaks))


if __name__ == "__main__":
    case.main()
