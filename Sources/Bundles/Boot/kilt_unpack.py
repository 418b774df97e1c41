"""Unpacks wheels and code of a bundle into the host's store, on all processors."""
import mmap
import os
import struct
import sys
import zlib

from kilt_boot import Refuse, publish, remove, temporary

join = os.path.join

# Members from this size on are inflated piece by piece.
LARGE = 32 << 20


class Archive(object):
    """A zip file and its directory: `members` are (name, method, checksum, compressed size, size, mode, offset)."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.members = list(self._directory(0, len(self.data)))
        for member in self.members[:]:
            if member[0][:6] == ".deps/" and member[0][-4:] == ".whl" and not member[1]:
                # A wheel kept whole, by a real pex with --no-pre-install-wheels.
                self.members.remove(member)
                start = self._start(member)
                for inner in self._directory(start, start + member[4]):
                    self.members.append((member[0] + "/" + inner[0],) + inner[1:])

    def _directory(self, start, limit):
        data = self.data
        end = data.rfind(b"PK\x05\x06", max(start, limit - 65557), limit)
        if end < 0 or end + 22 > limit:
            raise EOFError("%s is no zip archive, or its end is cut off" % self.path)
        count, size, offset = struct.unpack_from("<HLL", data, end + 10)
        if end >= start + 76 and data[end - 20:end - 16] == b"PK\x06\x07":
            end -= 76
            count, size, offset = struct.unpack_from("<QQQ", data, end + 32)
        # Where there are bytes in front that the offsets do not count.
        shift = end - size - offset
        at = end - size
        header = struct.Struct("<4s4xHH4xLLLHHH4xLL")
        for _ in range(count):
            mark, flags, method, checksum, compressed, size, length, extra, comment, mode, place = (
                header.unpack_from(data, at))
            if mark != b"PK\x01\x02":
                raise EOFError("the directory of %s is damaged" % self.path)
            name = data[at + 46:at + 46 + length].decode("utf-8" if flags & 0x800 else "cp437")
            if extra and 0xffffffff in (size, compressed, place):
                size, compressed, place = self._wide(at + 46 + length, extra, size, compressed, place)
            if ".." in name and ".." in name.split("/") or name[:1] == "/":
                raise EOFError("%s in %s would leave the directory" % (name, self.path))
            yield name, method, checksum, compressed, size, mode >> 16, place + shift
            at += 46 + length + extra + comment

    def _wide(self, at, length, *values):
        """The values of a ZIP64 field in place of those that are all ones."""
        end = at + length
        while at + 4 <= end:
            kind, size = struct.unpack_from("<HH", self.data, at)
            if kind == 1:
                given = iter(struct.unpack_from("<%dQ" % (size // 8), self.data, at + 4))
                return [next(given) if value == 0xffffffff else value for value in values]
            at += 4 + size
        return values

    def checksum(self, member):
        return member[2]

    def _start(self, member):
        return member[6] + 30 + sum(struct.unpack_from("<HH", self.data, member[6] + 26))

    def pieces(self, member):
        """The bytes of a member, in pieces that are small where the member is large, and checked at the end."""
        name, method, checksum, compressed, size, _, _ = member
        start = self._start(member)
        with memoryview(self.data) as view:
            if start + compressed > len(view):
                raise EOFError("%s ends within %s" % (self.path, name))
            found = length = 0
            for piece in self._inflated(view[start:start + compressed], method, size):
                found = zlib.crc32(piece, found)
                length += len(piece)
                yield piece
                if size >= LARGE and hasattr(mmap, "MADV_DONTNEED"):
                    # Memory does not grow with the member.
                    self.data.madvise(mmap.MADV_DONTNEED)
        if length != size or found != checksum:
            raise EOFError("%s in %s is damaged" % (name, self.path))

    def _inflated(self, view, method, size):
        with view:
            if not method:
                for at in range(0, len(view), LARGE):
                    with view[at:at + LARGE] as piece:
                        yield piece
            elif size < LARGE:
                yield zlib.decompress(view, -15, max(1, size))
            else:
                stream = zlib.decompressobj(-15)
                rest = b""
                for at in range(0, len(view), 1 << 20):
                    rest += view[at:at + (1 << 20)]
                    while rest:
                        yield stream.decompress(rest, LARGE)
                        rest = stream.unconsumed_tail
                yield stream.flush()

    def read(self, name):
        for member in self.members:
            if member[0] == name:
                return b"".join(bytes(piece) for piece in self.pieces(member))
        raise KeyError("%s has no %s" % (self.path, name))


class Directory(object):
    """A bundle that is a directory, with the interface of an archive: `--layout packed` holds wheels, loose their files."""

    def __init__(self, path):
        self.path = path
        self.members = []
        self._walk("")

    def _walk(self, prefix):
        for entry in sorted(os.scandir(join(self.path, prefix)), key=lambda entry: entry.name):
            name = prefix + entry.name
            if entry.is_dir():
                self._walk(name + "/")
            elif prefix == ".deps/" or name == ".bootstrap":
                archive = Archive(entry.path)
                for member in archive.members:
                    self.members.append((name + "/" + member[0],) + member[1:6] + ((archive, member),))
            elif name != "pex":
                status = entry.stat()
                self.members.append((name, 0, None, status.st_size, status.st_size, status.st_mode, entry.path))

    def checksum(self, member):
        found = member[2]
        if found is None:
            found = 0
            for piece in self.pieces(member):
                found = zlib.crc32(piece, found)
        return found

    def pieces(self, member):
        place = member[6]
        if isinstance(place, tuple):
            for piece in place[0].pieces(place[1]):
                yield piece
            return
        with open(place, "rb") as file:
            piece = file.read(1 << 20)
            while piece:
                yield piece
                piece = file.read(1 << 20)

    read = Archive.read


def opened(path):
    """A bundle, or a PEX: a file or a directory."""
    return Directory(path) if os.path.isdir(path) else Archive(path)


def install(path, wheels, root, code):
    """Unpacks what the host does not have of the wheels, {file name: key}, and of the code, a place or None.

    Returns the directories of the wheels.
    """
    places = {name: join(root, "wheels", key) for name, key in wheels.items()}
    missing = {name: temporary(root) for name, place in places.items() if not os.path.isdir(place)}
    made_code = temporary(root) if code and not os.path.isdir(code) else None
    if missing or made_code:
        try:
            archive = opened(path)
            extract(archive, plan(archive, missing, made_code), root)
            for name, made in missing.items():
                os.makedirs(join(made, "lib"), exist_ok=True)
                publish(made, places[name])
            if made_code:
                publish(made_code, code)
        except BaseException:
            for made in list(missing.values()) + [made_code]:
                if made is not None:
                    remove(made)
            raise
    return list(places.values())


def damaged(archive, places, code):
    """Directories of wheels, {file name: directory}, and of the code that are there and lack what they were made with."""
    found = set()
    for directory, members in plan(archive, places, code).items():
        place = next((p for p in list(places.values()) + [code] if (directory + "/").startswith(p + "/")), None)
        if place in found or not os.path.isdir(place):
            continue
        for member, name in members:
            try:
                if os.stat(join(directory, name)).st_size < member[4]:
                    found.add(place)
            except OSError:
                found.add(place)
    return sorted(found)


def plan(archive, missing, code):
    """{directory: [(member, file name)]} of what is to be unpacked."""
    jobs = {}
    for member in archive.members:
        name = member[0]
        if name[-1:] == "/":
            continue
        if name[:6] == ".deps/":
            wheel, _, rest = name[6:].partition("/")
            made = missing.get(wheel)
            if made is None or rest == ".layout.json":
                continue
            path = join(made, wheel_path(rest))
        elif code is None or name[:11] == ".bootstrap/" or name[:8] == "__pex__/" or name in ("PEX-INFO", "__main__.py"):
            continue
        else:
            path = join(code, name)
        directory, _, name = path.rpartition("/")
        jobs.setdefault(directory, []).append((member, name))
    return jobs


def wheel_path(name):
    """Where a wheel's member goes: what lies in `.data` belongs to a scheme of its own (PEP 427).

    Where the tools of PEX have to know the wheel as installed, that is `.prefix`.
    """
    first, _, rest = name.partition("/")
    if first == ".prefix" and "/" in rest:
        scheme, _, rest = rest.partition("/")
        if scheme in ("purelib", "platlib"):
            return "lib/" + rest
        if scheme == "include":
            # site/pythonX.Y/NAME/...
            return "data/headers/" + "/".join(rest.split("/")[2:])
        return join("data", "scripts" if scheme == "bin" else scheme, rest)
    if first[-5:] != ".data" or "/" not in rest:
        return "lib/" + name
    scheme, _, rest = rest.partition("/")
    if scheme in ("purelib", "platlib"):
        return "lib/" + rest
    project = first[:-5].rsplit("-", 1)[0]
    return join("data", scheme, project, rest) if scheme == "headers" else join("data", scheme, rest)


def processes():
    """How many may unpack: PEX_MAX_INSTALL_JOBS, or as many as there are processors."""
    text = os.environ.get("PEX_MAX_INSTALL_JOBS") or "0"
    try:
        asked = int(text)
    except ValueError:
        asked = -2
    if asked < -1:
        raise Refuse("PEX_MAX_INSTALL_JOBS must be a number from -1 on, not %r" % text)
    if asked > 0:
        return asked
    try:
        return min(8, len(os.sched_getaffinity(0)))
    except (AttributeError, OSError):
        return os.cpu_count() or 1


def extract(archive, jobs, root):
    """Writes members to files, on several processes where there is enough to do."""
    for directory in sorted(jobs):
        make_directory(directory)
    # Chunks of one directory each: two processes rarely wait for one directory.
    chunks = []
    for directory, members in jobs.items():
        for start in range(0, len(members), 64):
            part = members[start:start + 64]
            chunks.append((sum(member[4] for member, _ in part) + 20000 * len(part), directory, part))
    chunks.sort(key=lambda chunk: chunk[0], reverse=True)
    total = sum(chunk[0] for chunk in chunks)
    workers = min(processes(), len(chunks), 1 + total // (4 << 20))
    if workers < 2:
        for _, directory, members in chunks:
            write_members(archive, directory, members)
        return
    queue = numbers(root, len(chunks))
    children = [start_worker(archive, chunks, queue) for _ in range(workers - 1)]
    failure = None
    try:
        drain(archive, chunks, queue)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        failure = error
    os.close(queue)
    for child, reader in children:
        said = os.read(reader, 4096)
        os.close(reader)
        if os.waitpid(child, 0)[1] != 0:
            failure = failure or OSError(said.decode("utf-8", "replace") or "a process that unpacked was killed")
    if failure is not None:
        raise failure


def make_directory(path):
    try:
        os.mkdir(path)
    except FileExistsError:
        pass
    except FileNotFoundError:
        make_directory(os.path.dirname(path))
        make_directory(path)


def numbers(root, count):
    """A file of the numbers below `count`: whoever reads four bytes has a number that nobody else gets."""
    path = join(root, "incoming", os.urandom(12).hex())
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    os.write(file, b"".join(number.to_bytes(4, "little") for number in range(count)))
    os.lseek(file, 0, os.SEEK_SET)
    return file


def start_worker(archive, chunks, queue):
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    try:
        os.close(reader)
        drain(archive, chunks, queue)
        os._exit(0)
    except BaseException as error:
        os.write(writer, str(error).encode("utf-8", "replace")[:4000])
    finally:
        os._exit(1)


def drain(archive, chunks, queue):
    while True:
        token = os.read(queue, 4)
        if len(token) < 4:
            return
        _, directory, members = chunks[int.from_bytes(token, "little")]
        write_members(archive, directory, members)


def write_members(archive, directory, members):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    place = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for member, name in members:
            # A link is a file that holds its path, as installers unpack it.
            executable = member[5] & 0o111 and member[5] >> 12 != 0o12
            file = os.open(name, flags, 0o777 if executable else 0o666, dir_fd=place)
            try:
                for piece in archive.pieces(member):
                    written = os.write(file, piece)
                    while written < len(piece):
                        written += os.write(file, piece[written:])
            finally:
                os.close(file)
    finally:
        os.close(place)
