"""The examples of docs/, built against the installed library as a stranger
would build them: they do the job with one another and with the program."""

import fcntl
import os
import re
import shlex
import shutil
import subprocess

import pytest

import dgrams
import program
import trees

CODE = "7-crane-otter"
EXAMPLES = program.ROOT / "docs" / "examples"


def tool(*command, env=None):
    done = subprocess.run([os.fspath(c) for c in command], text=True, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


class Installed:
    """A prefix of its own, and programs linked against what is in it."""

    def __init__(self, root):
        self.root = root
        self.pc = next(root.rglob("godwit.pc"))
        self.lib = self.pc.parents[1]
        self.env = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(root),
                    "PKG_CONFIG_PATH": str(self.pc.parent)}

    def flags(self, *options):
        return shlex.split(tool("pkg-config", "--cflags", "--libs", *options,
                                "godwit", env=self.env))

    def build(self, example, out, *options):
        tool("cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall",
             "-Wextra", "-Werror", EXAMPLES / f"{example}.c",
             *self.flags(*options), "-o", out)
        return out


@pytest.fixture(scope="module")
def installed(godwit, tmp_path_factory):
    build = godwit.parent
    if not (build / "build.ninja").exists():
        pytest.skip("the program is not in a build folder")
    root = tmp_path_factory.mktemp("installed")
    with open(build / "install.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tool("meson", "install", "-C", build, "--no-rebuild", "--quiet",
             "--destdir", root)
    yield Installed(root)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module", params=["shared", "static"])
def examples(request, installed, tmp_path_factory):
    """The programs: {"send": path, ...}."""
    out = tmp_path_factory.mktemp(request.param)
    options = []
    if request.param == "static":
        # The linker takes the archive where there is nothing else.
        copy = out / "installed"
        shutil.copytree(installed.root, copy, symlinks=True)
        for library in copy.rglob("libgodwit.so*"):
            library.unlink()
        installed = Installed(copy)
        options = ["--static"]
    built = {name: installed.build(name, out / name, *options)
             for name in ("send", "recv_poll", "dgram_echo", "server",
                          "client")}
    for path in built.values():
        needs = tool("readelf", "-d", path)
        assert ("libgodwit.so.0" in needs) == (request.param == "shared")
    built["env"] = {"LD_LIBRARY_PATH": str(installed.lib)}
    yield built
    shutil.rmtree(out, ignore_errors=True)


class Example:
    """One that runs as a device."""

    def __init__(self, device, examples, name, *arguments):
        self.process = subprocess.Popen(
            [os.fspath(examples[name]), *map(str, arguments)],
            env={**device.env, **examples["env"]}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def port(self):
        line = self.process.stdout.readline()
        found = re.fullmatch(r"port (\d+)\n", line)
        assert found, line + self.process.stderr.read()
        return int(found[1])

    def expect(self, status, timeout=30):
        out, err = self.process.communicate(timeout=timeout)
        assert self.process.returncode == status, out + err
        return out + err

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(pair, examples):
    """Start an example: start(device, name, *arguments)."""
    made = []

    def begin(device, name, *arguments):
        made.append(Example(device, examples, name, *arguments))
        return made[-1]
    yield begin
    for one in made:
        one.end()


@pytest.fixture
def source(work):
    return trees.rich_tree(work / "source" / "tree")


def test_what_is_installed(installed):
    there = {p.relative_to(installed.root).name
             for p in installed.root.rglob("*")}
    for name in ("godwit", "godwit.h", "godwit.pc", "libgodwit.so",
                 "libgodwit.so.0", "libgodwit.a"):
        assert name in there, name
    # Who links the shared library needs none of its libraries.
    assert not any("uv" in f or "sodium" in f for f in installed.flags())


def test_one_example_to_the_other(pair, start, source):
    waiting = start(pair.receiver, "recv_poll", pair.target, CODE)
    sending = start(pair.sender, "send", source, program.LOOPBACK, CODE,
                    waiting.port())
    assert sending.expect(0) == ""
    assert waiting.expect(0).endswith(" files\n")
    trees.assert_same(source.parent, pair.target)


def test_the_program_to_an_example(pair, start, source):
    waiting = start(pair.receiver, "recv_poll", pair.target, CODE)
    sending = pair.sender.start(
        "send", "--to", f"{program.LOOPBACK}:{waiting.port()}", "--code",
        CODE, source)
    sending.expect(0)
    waiting.expect(0)
    trees.assert_same(source.parent, pair.target)


def test_an_example_to_the_program(pair, start, source):
    waiting = pair.wait_recv()
    sending = start(pair.sender, "send", source, program.LOOPBACK,
                    waiting.code, waiting.port)
    sending.expect(0)
    waiting.expect(0)
    trees.assert_same(source.parent, pair.target)


def test_a_wrong_code_is_said_and_gives_its_status(pair, start, source):
    waiting = start(pair.receiver, "recv_poll", pair.target, CODE)
    sending = start(pair.sender, "send", source, program.LOOPBACK,
                    "7-wrong-code", waiting.port())
    assert "code" in sending.expect(4)


def test_what_cannot_be_sent_is_said_at_once(pair, start, work):
    sending = start(pair.sender, "send", work / "not-there", program.LOOPBACK,
                    CODE)
    assert "not-there" in sending.expect(2)


def test_the_echo_server_of_datagrams(pair, start):
    port = program.free_port()
    echo = start(pair.receiver, "dgram_echo", port)
    assert echo.process.stdout.readline() == "ready\n"
    jobs = [{"host": host, "port": port, "data": data, "buffer": 4096,
             "connect": True}
            for host in ("127.0.0.1", "127.0.0.8", "::1")
            for data in (b"", b"hello", bytes(4000))]
    assert dgrams.plain_clients(jobs) == [job["data"] for job in jobs]
    assert list(pair.receiver.data.iterdir()) == [], "it needs no identity"


def serving(server):
    line = server.process.stdout.readline()
    found = re.fullmatch(r"port (\d+) code (\d+(?:-[a-z]+)+)\n", line)
    assert found, line + server.process.stderr.read()
    return found[1], found[2]


def test_the_client_gets_back_what_it_says(pair, start):
    server = start(pair.receiver, "server")
    port, code = serving(server)
    text = "hello " * 30000
    client = start(pair.sender, "client", program.LOOPBACK, port, code,
                   text[:120000])
    assert client.expect(0) == text[:120000]
    server.expect(0)


def test_a_client_with_a_wrong_code_is_told(pair, start):
    port, _ = serving(start(pair.receiver, "server"))
    client = start(pair.sender, "client", program.LOOPBACK, port,
                   "7-wrong-code", "hello")
    assert "code" in client.expect(4)
