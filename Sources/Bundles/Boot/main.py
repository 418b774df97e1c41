import os
import sys

# `python BUNDLE` may start any Python, and one that does not even parse the rest: this file is for all of them.
bundle = os.path.dirname(os.path.abspath(__file__))
script = os.path.join(bundle, "pex") if os.path.isdir(bundle) else bundle
if sys.executable:
    os.environ["__KILT_PYTHON"] = os.path.abspath(sys.executable)
    tree = os.path.dirname(os.path.dirname(os.environ["__KILT_PYTHON"]))
    if os.path.exists(os.path.join(tree, "kilt_main.py")):
        # A program that starts itself again: its arguments have those of the bundle already.
        os.environ["__KILT_AGAIN"] = tree
# Flags of the interpreter are what stands in front of the bundle.
arguments = getattr(sys, "orig_argv", None)
if arguments is None:
    try:
        with open("/proc/self/cmdline") as file:
            arguments = file.read().split("\0")
    except (OSError, IOError, ValueError):
        arguments = []
for index, argument in enumerate(arguments):
    if index and os.path.exists(argument) and (
            os.path.samefile(argument, bundle) or os.path.abspath(argument) == os.path.abspath(__file__)):
        if index > 1:
            os.environ["__KILT_FLAGS"] = "\n".join(arguments[1:index])
        break
try:
    os.execv("/bin/sh", ["/bin/sh", script] + sys.argv[1:])
except OSError:
    # A system without a shell: this very Python has to do.
    if sys.version_info < (3, 8):
        raise
import types

if os.path.isfile(bundle + "/.bootstrap"):
    import zipimport
    text = zipimport.zipimporter(bundle + "/.bootstrap").get_data("kilt.py")
else:
    text = __loader__.get_data(bundle + "/.bootstrap/kilt.py")
parts = text.decode().split("\n#@ ")
sys.modules["kilt_boot"] = boot = types.ModuleType("kilt_boot")
exec(compile(parts[0], bundle + "/.bootstrap/kilt_boot.py", "exec"), boot.__dict__)
boot.main(bundle, __loader__.get_data(bundle + "/PEX-INFO"), parts)
