"""Certificates, made by the openssl command."""

import pathlib
import subprocess

NAMES = "DNS:localhost,IP:127.0.0.1"


class Authority:
    """Signs certificates: NAME.crt and NAME.key in its directory, beside its own ca.crt."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
                      "-days", "1", "-subj", "/CN=authority")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def issue(self, name, names=NAMES, days=1):
        """days: below 0, it has expired. Files of that name are written over."""
        (self.directory / "names").write_text(f"subjectAltName={names}\n", encoding="ascii")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                      "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-out", f"{name}.crt", "-days", str(days), "-extfile", "names")


def create(directory):
    """server.crt, server.key, client.crt, client.key and ca.crt in a new directory; its path."""
    authority = Authority(directory)
    for name in ("server", "client"):
        authority.issue(name)
    return authority.directory
