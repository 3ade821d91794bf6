"""Directory trees: made, and compared byte for byte.  Names are bytes."""

import hashlib
import os
import random
import stat
from pathlib import Path

BLOCK = 1 << 20
PART_PREFIX, PART_SUFFIX = b".godwit-", b".part"


def content_hash(path):
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(BLOCK):
            digest.update(chunk)
    return digest.hexdigest()


def xattrs_of(path):
    return {name: os.getxattr(path, name, follow_symlinks=False)
            for name in sorted(os.listxattr(path, follow_symlinks=False))
            if name.startswith("user.")}


def describe(path, want):
    """What is compared of one entry."""
    st = os.lstat(path)
    found = {"type": stat.S_IFMT(st.st_mode)}
    if stat.S_ISLNK(st.st_mode):
        found["target"] = os.readlink(path)
        return found
    if "mode" in want:
        found["mode"] = stat.S_IMODE(st.st_mode) & 0o777
    if "mtime" in want:
        found["mtime"] = st.st_mtime_ns
    if "xattrs" in want:
        found["xattrs"] = xattrs_of(path)
    if stat.S_ISREG(st.st_mode):
        found["size"] = st.st_size
        found["content"] = content_hash(path)
        if "holes" in want:
            found["sparse"] = st.st_blocks * 512 < st.st_size
    return found


def snapshot(root, want=("mode", "mtime")):
    """Relative path -> what is there; b"" is the root itself, whose mtime
    and mode are left out when it is only a container."""
    root = os.fsencode(root)
    found = {}
    inodes = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, root)
            found[relative] = describe(path, want)
            st = os.lstat(path)
            if "hardlinks" in want and stat.S_ISREG(st.st_mode):
                inodes.setdefault(st.st_ino, []).append(relative)
    for names in inodes.values():
        for name in names:
            found[name]["linked"] = sorted(names)
    return found


def differences(source, target, want=("mode", "mtime"), ignore=()):
    """Lines that say how the trees below two directories differ."""
    one, two = snapshot(source, want), snapshot(target, want)
    lines = [f"only in source: {name!r}" for name in sorted(one.keys() - two)]
    lines += [f"only in target: {name!r}" for name in sorted(two.keys() - one)]
    for name in sorted(one.keys() & two.keys()):
        if name in ignore:
            continue
        for key in one[name]:
            if one[name][key] != two[name].get(key):
                lines.append(f"{name!r}: {key}: {one[name][key]!r} != "
                             f"{two[name].get(key)!r}")
    return lines


def assert_same(source, target, want=("mode", "mtime")):
    found = differences(source, target, want)
    assert not found, "\n".join(found[:30])


def left_overs(root):
    """Temporary files of godwit below root."""
    return [path for path in snapshot_names(root)
            if os.path.basename(path).startswith(PART_PREFIX)]


def snapshot_names(root):
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in folders + files:
            yield os.path.join(folder, name)


# ---- made

def write(path, data, mode=None, mtime_ns=None):
    path = os.fsencode(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    if mode is not None:
        os.chmod(path, mode)
    if mtime_ns is not None:
        os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def random_file(path, size, seed=1):
    """Content that does not compress and differs from block to block."""
    os.makedirs(os.path.dirname(os.fsencode(path)), exist_ok=True)
    base = bytearray(random.Random(seed).randbytes(min(size, 4 * BLOCK)))
    with open(path, "wb") as file:
        left = size
        number = 0
        while left > 0:
            base[0:8] = number.to_bytes(8, "big")
            file.write(base[:min(left, len(base))])
            left -= min(left, len(base))
            number += 1
    return Path(os.fsdecode(path))


def many_files(root, count, total, seed=1, per_folder=100):
    """count files of mixed sizes, about total bytes in all."""
    rng = random.Random(seed)
    pool = rng.randbytes(8 * BLOCK)
    weights = [rng.paretovariate(1.2) for _ in range(count)]
    unit = total / sum(weights)
    for number, weight in enumerate(weights):
        folder = Path(root) / f"d{number // per_folder:04}"
        if number % per_folder == 0:
            folder.mkdir(parents=True, exist_ok=True)
        size = int(weight * unit)
        start = rng.randrange(len(pool) // 2)
        with open(folder / f"f{number:06}", "wb") as file:
            while size > 0:
                piece = pool[start:start + min(size, len(pool) // 2)]
                file.write(piece)
                size -= len(piece)
                start = rng.randrange(len(pool) // 2)
    return Path(root)


def odd_names(root):
    """Names that a careless program trips over."""
    root = os.fsencode(root)
    names = [
        b"new\nline", b"tab\there", b"\xff\xfe invalid utf-8", b"-rf", b"--yes",
        b"n" * 255, b" leading blank", b"trailing blank ", b"back\\slash",
        b"quote\"'`$(id)", b"\x1b[31mred\x1b[0m", "r\u202eesrever".encode(),
        "\u00e9\u4e16\U0001f426".encode(), b"*?[]", b"...", b".hidden",
        b"\x01\x7f control", b"con", b"a:b", b"{\"json\": 1}",
    ]
    for number, name in enumerate(names):
        write(os.path.join(root, name), b"%d\n" % number * number)
        write(os.path.join(root, b"dir " + name[:240], name), name)
    return len(names)


def sparse_file(path, size, pieces):
    """A file with holes; pieces is (offset, data)."""
    with open(path, "wb") as file:
        file.truncate(size)
        for offset, data in pieces:
            file.seek(offset)
            file.write(data)


def rich_tree(root, big=3 * BLOCK + 17):
    """A bit of all that a tree can hold (but special files)."""
    root = Path(root)
    root.mkdir(parents=True)
    (root / "empty dir").mkdir()
    (root / "deep").mkdir()
    deep = root / "deep"
    for number in range(12):
        deep = deep / f"level {number}"
    write(deep / "bottom", b"bottom\n", 0o400, 1234567890123456789)
    write(root / "empty", b"", 0o600, 1)
    write(root / "one byte", b"x", 0o755, 1000000000999999999)
    for size in (BLOCK - 1, BLOCK, BLOCK + 1, 65535, 65536, 65537):
        random_file(root / f"size {size}", size, size)
    random_file(root / "big", big)
    odd_names(root / "odd")
    os.symlink("one byte", root / "link to file")
    os.symlink("nowhere/at all", root / "dangling")
    os.symlink("/etc/passwd", root / "link out")
    os.symlink("deep", root / "link to dir")
    write(root / "read only dir" / "inside", b"inside", 0o444)
    os.chmod(root / "read only dir", 0o555)
    os.utime(root / "empty dir", ns=(5, 1600000000123456789))
    os.utime(root / "read only dir", ns=(5, 1500000000987654321))
    return root
