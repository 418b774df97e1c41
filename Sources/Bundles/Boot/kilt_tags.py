"""Whether a wheel's tags (PEP 425, 600, 656) fit this interpreter and host."""
import os
import sys

MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


def fits(name):
    pythons, abis, platforms = [part.split(".") for part in name[:-4].split("-")[-3:]]
    return (any(fits_platform(platform) for platform in platforms)
            and any(fits_python(python, abi) for python in pythons for abi in abis))


def fits_python(python, abi):
    minor = sys.version_info[1]
    name, version = python[:2], python[2:]
    if name not in ("py", "cp") or version[:1] != "3" or not version.isdigit():
        return False
    asked = int(version[1:] or 0)
    threads = "t" if "t" in getattr(sys, "abiflags", "") else ""
    if abi == "none":
        return asked <= minor if name == "py" else asked == minor
    if abi == "abi3":
        return not threads and name == "cp" and asked <= minor
    return abi in ("cp3%d%s" % (minor, threads), "cp3%dm" % minor) and asked == minor


def libc():
    """The name and version of the C library."""
    try:
        name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
        return name, tuple(int(part) for part in version.split(".")[:2])
    except (ValueError, OSError, AttributeError):
        return "musl", (1, 2)


def fits_platform(platform):
    if platform == "any":
        return True
    system, machine = os.uname().sysname, os.uname().machine
    if system == "Darwin":
        parts = platform.split("_", 3)
        return parts[0] == "macosx" and parts[3] in (machine, "universal2", "universal")
    if not platform.endswith("_" + machine):
        return False
    head = platform[:-len(machine) - 1]
    name, version = libc()
    if head == "linux":
        return True
    if head in MANYLINUX:
        return name == "glibc" and version >= MANYLINUX[head]
    kind, _, asked = head.partition("_")
    if kind not in ("manylinux", "musllinux"):
        return False
    return name == ("glibc" if kind == "manylinux" else "musl") and version >= tuple(int(n) for n in asked.split("_"))


def describe():
    system = os.uname()
    return "CPython %d.%d on %s %s with %s %s" % (
        sys.version_info[:2] + (system.sysname, system.machine, libc()[0], ".".join(str(n) for n in libc()[1])))
