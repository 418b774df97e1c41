import os
import sys

# `python BUNDLE` may start any Python, and one that does not even parse the rest: this file is for all of them.
bundle = os.path.abspath(sys.argv[0])
if sys.version_info < (3, 8) or getattr(sys, "implementation", sys).name != "cpython":
    os.execv("/bin/sh", ["/bin/sh", bundle] + sys.argv[1:])
sys.path.insert(0, bundle + "/.bootstrap")
import kilt_boot

kilt_boot.main(bundle)
