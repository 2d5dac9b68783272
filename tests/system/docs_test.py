"""What the documents show works: their commands run, their files are there, their configuration is valid."""

import pathlib
import re
import shlex
import subprocess
import unittest

from support import case, paths

DOCUMENTS = sorted([*paths.ROOT.glob("*.md"), *paths.ROOT.glob("docs/*.md"), *paths.ROOT.glob("benchmarks/*.md")])


def blocks(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.M | re.S)


class DocsTest(case.SystemTest):
    def test_links_lead_somewhere(self):
        """Scenario: each relative link of each document. Guarantee: the file is there."""
        for document in DOCUMENTS:
            for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
                with self.subTest(document=document.name, target=target):
                    self.assertTrue((document.parent / target).exists())

    def test_scripts_exist(self):
        """Scenario: each script that a document names. Guarantee: it is there and can be run."""
        for document in DOCUMENTS:
            names = re.findall(r"\b((?:scripts|benchmarks)/[a-z][a-z-]*)\b(?![/.])",
                               document.read_text(encoding="utf-8"))
            for name in set(names):
                path = paths.ROOT / name
                with self.subTest(document=document.name, script=name):
                    self.assertTrue(path.exists())
                    self.assertTrue(path.is_dir() or path.stat().st_mode & 0o100)

    def test_the_readmes_configuration_is_valid(self):
        """Scenario: the README's YAML as a file. Guarantee: the node takes it."""
        shown = blocks(paths.ROOT / "README.md", "yaml")
        self.assertTrue(shown)
        for text in shown:
            file = pathlib.Path(self.path("shown.yaml"))
            file.write_text(text, encoding="utf-8")
            subprocess.run([paths.program("weir"), "validate", "--config", file], check=True, timeout=30)

    def test_the_readmes_commands_of_weir_run(self):
        """Scenario: the README's `weir` commands, none of which serves. Guarantee: they succeed."""
        lines = [line for block in blocks(paths.ROOT / "README.md", "sh") for line in block.splitlines()
                 if line.startswith("build/release/bin/weir ")]
        self.assertGreaterEqual(len(lines), 3)
        for line in lines:
            with self.subTest(line):
                words = shlex.split(line)
                subprocess.run([paths.program("weir"), *words[1:]], check=True, timeout=30, cwd=paths.ROOT,
                               stdout=subprocess.DEVNULL)

    def test_the_cluster_example(self):
        """Scenario: the README's command that shows a cluster. Guarantee: it succeeds, and no trace ends in parts."""
        if paths.SANITIZED:
            raise paths.Missing("it runs the release build")
        done = subprocess.run([paths.ROOT / "examples/cluster/run"], stdout=subprocess.PIPE, text=True, timeout=400,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"traces in parts +0\n")

    def test_quickstart(self):
        """Scenario: the README's first command on a built tree, twice in a row. Guarantee: it succeeds, and
        ends with what was kept and why."""
        if paths.SANITIZED:
            self.skipTest("it builds the program for users, without sanitizers")
        for _ in range(2):
            done = subprocess.run([paths.ROOT / "scripts" / "quickstart"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=280, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-2000:])
            for expected in ("errors", "ten-percent", "traces.jsonl"):
                self.assertIn(expected, done.stdout)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    case.main()
