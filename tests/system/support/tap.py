"""A connection passed on unchanged, to see what a client really sends."""

import contextlib
import socket
import threading

GZIP = b"\x1f\x8b\x08\x00"  # RFC 1952: magic, deflate, no flags. All SDKs write it like this.
HANDSHAKE = b"\x16\x03"  # RFC 8446, 5.1: the first record of a TLS connection.


class Tap:
    """Listens on a free port and passes all connections on to `target` until it is closed."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._sent = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                record = bytearray()
                self._sent.append(record)
                threading.Thread(target=self._connect, args=(client, record), daemon=True).start()

    def _connect(self, client, record):
        with client, socket.create_connection(self._target) as server:
            back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server, record)
            back.join()

    @staticmethod
    def _pass(source, destination, record=None):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if record is not None:
                    record.extend(data)
                destination.sendall(data)
        with contextlib.suppress(OSError):
            destination.shutdown(socket.SHUT_WR)

    def size(self):
        return sum(len(record) for record in self._sent)

    def encrypted(self):
        """Whether each connection is TLS."""
        return all(record.startswith(HANDSHAKE) for record in self._sent)

    def packed(self):
        """Whether something in it is packed with gzip."""
        return any(GZIP in record for record in self._sent)

    def says(self, text):
        return any(text in record for record in self._sent)
