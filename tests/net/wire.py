"""A wire of TCP between two programs, for cutting, listening and forging."""

import socket
import threading

import program


class Proxy:
    """A wire that can be cut: TCP between the two, and a scissors."""

    def __init__(self, port):
        self.port_behind = port
        self.socket = socket.create_server((program.LOOPBACK, 0))
        self.port = self.socket.getsockname()[1]
        self.pairs = []
        self.carried = 0
        self.refuse = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                a, _ = self.socket.accept()
                if self.refuse:
                    a.close()
                    continue
                b = socket.create_connection(
                    (program.LOOPBACK, self.port_behind))
                self.pairs.append((a, b))
                for one, other in ((a, b), (b, a)):
                    threading.Thread(target=self.carry, args=(one, other),
                                     daemon=True).start()
        except OSError:
            pass

    def carry(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
                self.carried += len(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Those that are there now: who comes back at once is not meant."""
        pairs, self.pairs = self.pairs, []
        for two in pairs:
            for end in two:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.cut()
        self.socket.close()
