"""What tests of godwit sockets share: a connection's life, other users, and
names of states."""

import shutil
import socket
import subprocess
import time

import pytest

import program
import tcp_states

NOBODY = 65534
SS_STATES = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT",
             "SYN-RECV": "SYN_RCVD", "FIN-WAIT-1": "FIN_WAIT_1",
             "FIN-WAIT-2": "FIN_WAIT_2", "TIME-WAIT": "TIME_WAIT",
             "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK",
             "LISTEN": "LISTEN", "CLOSING": "CLOSING", "UNCONN": "UNCONNECTED"}

# Nobody may read this device's configuration.
ELSEWHERE = {"cwd": "/", "env": {"HOME": "/", "XDG_CONFIG_HOME": "/"}}


def unprivileged():
    """In front of a command: without any rights."""
    command = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
               "--clear-groups", "--")
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv")
    if subprocess.run([*command, program.binary(), "--version"], check=False,
                      capture_output=True).returncode != 0:
        pytest.skip("nobody may run this program here")
    return command


def wait_for(condition, what, timeout=60):
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


def life(space, hold):
    """A connection on loopback, from its beginning to TIME_WAIT, `hold`
    seconds in each state that waits for a program; the ports of its ends."""
    with tcp_states.inside(space):
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.socket()
    client.connect(listener.getsockname())
    server = listener.accept()[0]
    ports = client.getsockname()[1], listener.getsockname()[1]
    time.sleep(hold)
    client.shutdown(socket.SHUT_WR)
    server.recv(1)
    time.sleep(hold)
    server.close()
    client.recv(1)
    client.close()
    listener.close()
    return ports


def kill_time_wait(space):
    """2 MSL is a minute."""
    done = subprocess.run(
        [*space.prefix, "ss", "-K", "state", "time-wait"], check=False,
        capture_output=True, text=True)
    if "not supported" in done.stderr:
        pytest.skip("this kernel cannot end sockets")
