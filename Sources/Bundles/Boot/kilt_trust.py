"""Whether another user could have written what the host's store holds: that is executed."""
import os
import stat

join = os.path.join


def create(root):
    """Creates the store: closed to others, so that a program can write bytecode into it whatever its umask. What root
    unpacks is for everybody."""
    os.makedirs(os.path.dirname(root), exist_ok=True)
    try:
        os.mkdir(root, 0o1755 if not os.geteuid() else 0o1700)
    except FileExistsError:
        # Raised again where it is not a directory.
        os.makedirs(root, exist_ok=True)


def writer(root):
    """Says which other user can change the store, or could before this start; None when nobody can."""
    for place in (os.environ.get("KILT_TRUSTED_DIRECTORIES") or "").split(":"):
        if place[:1] == "/" and (root + "/").startswith(place.rstrip("/") + "/"):
            return None
    return above(root) or (None if vouched(root) else within(root))


def above(root):
    """The same for the store itself and each directory that leads to it, through links."""
    path, rest, links = "/", root.split("/")[::-1], 0
    while True:
        # A sticky directory protects the names of others in it, not what is put into it.
        other = foreign(path, os.stat(path), bool(rest))
        if other or not rest:
            return other
        name = rest.pop()
        if name in ("", "."):
            continue
        if name == "..":
            path = os.path.dirname(path)
            continue
        status = os.lstat(join(path, name))
        if not stat.S_ISLNK(status.st_mode):
            path = join(path, name)
            continue
        other = foreign(join(path, name), status)
        links += 1
        if other or links > 40:
            return other or "%s has too many links" % root
        target = os.readlink(join(path, name))
        rest += target.split("/")[::-1]
        if target[:1] == "/":
            path = "/"


def within(directory):
    """The same for all that is in a store which no start has vouched for: one of an older version, or a planted one."""
    for entry in os.scandir(directory):
        try:
            status = entry.stat(follow_symlinks=False)
            other = foreign(entry.path, status) or (stat.S_ISDIR(status.st_mode) and within(entry.path))
        except FileNotFoundError:
            # What another start had there meanwhile.
            continue
        if other:
            return other
    return None


def foreign(path, status, protects=False):
    """How another user can change a file; None when nobody can. `protects`: a sticky directory is enough."""
    mode = status.st_mode
    if status.st_uid not in (0, os.geteuid()) and not unmapped(status.st_uid):
        return "user id %d owns %s" % (status.st_uid, path)
    if stat.S_ISLNK(mode) or protects and mode & stat.S_ISVTX:
        return None
    if mode & 0o002:
        return "every user can write to %s" % path
    if mode & 0o020:
        if listed(path):
            return "users of its access list can write to %s" % path
        if status.st_gid and not private(status.st_gid):
            return "members of group id %d can write to %s" % (status.st_gid, path)
    return None


def unmapped(user):
    """Whether an id stands for owners that this user namespace does not know."""
    try:
        with open("/proc/sys/fs/overflowuid") as file, open("/proc/self/uid_map") as table:
            return user == int(file.read()) and table.read().split() != ["0", "0", "4294967295"]
    except (OSError, ValueError):
        return False


def listed(path):
    """Whether a file has an access list (acl(5))."""
    try:
        os.getxattr(path, "system.posix_acl_access")
    except (AttributeError, OSError):
        return False
    return True


def private(group):
    """Whether a group has the name of this user and no other member."""
    import grp
    import pwd
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
        entry = grp.getgrgid(group)
    except KeyError:
        return False
    return entry.gr_name == name and all(member == name for member in entry.gr_mem)


def vouched(root):
    """Whether a start of this user or of root has left its file, and the mode of the store is what that start gave it."""
    try:
        status, store = os.lstat(join(root, "owned")), os.stat(root)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_uid in (0, os.geteuid()) and bool(store.st_mode & stat.S_ISVTX)


def vouch(root, given):
    """Leaves a file that no other user can make: the script in front of a bundle takes no tree from a store without it.

    It holds the names of the store, so that it cannot serve another one. The sticky bit goes when somebody sets the mode.
    """
    marker = join(root, "owned")
    try:
        status = os.stat(root)
        names = []
        if vouched(root):
            with open(marker, errors="surrogateescape") as file:
                names = file.read().splitlines()
            if root in names and given in names:
                return
        if not status.st_mode & stat.S_ISVTX:
            os.chmod(root, stat.S_IMODE(status.st_mode) | stat.S_ISVTX)
        names = [name for name in names if name not in (root, given)][-6:]
        made = "%s.%d" % (marker, os.getpid())
        file = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            os.fchmod(file, 0o444)
            lines = [given, root] if given != root else [root]
            os.write(file, "".join(name + "\n" for name in lines + names).encode("utf-8", "surrogateescape"))
        finally:
            os.close(file)
        os.rename(made, marker)
    except OSError:
        # A store that cannot be written: each start asks again.
        pass
