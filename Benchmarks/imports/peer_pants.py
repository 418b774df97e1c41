"""The parser of Pants 2.17.1 as a peer of `run`: a folder as argument, files below it on standard input; prints seconds
parsing, with reading, and the different imports of each file. A file that the parser refuses is left out, and told of.

Runs in the environment of Pants. The parser is a part of its engine and takes files from the engine's store only:
reading is capturing them there, and parsing holds looking up the store and keeping the result there.
"""

import dataclasses
import os
import shutil
import sys
import tempfile
import time

from pants.engine.fs import Digest, PathGlobs, Snapshot
from pants.engine.internals.native_dep_inference import NativeParsedPythonDependencies
from pants.engine.internals.native_engine import PyExecutor
from pants.engine.internals.scheduler import Scheduler
from pants.engine.rules import QueryRule
from pants.engine.unions import UnionMembership
from pants.option.global_options import DEFAULT_EXECUTION_OPTIONS, DEFAULT_LOCAL_STORE_OPTIONS

root = os.path.realpath(sys.argv[1])
paths = [os.path.relpath(os.path.realpath(line), root) for line in sys.stdin.read().split("\n")]
work = tempfile.mkdtemp(prefix="kilt-imports-pants-")
try:
    scheduler = Scheduler(
        ignore_patterns=[], use_gitignore=False, build_root=root, local_execution_root_dir=work,
        named_caches_dir=os.path.join(work, "named"), ca_certs_path=None,
        rules=[QueryRule(NativeParsedPythonDependencies, [Digest]), QueryRule(Snapshot, [PathGlobs])],
        union_membership=UnionMembership({}), execution_options=DEFAULT_EXECUTION_OPTIONS,
        local_store_options=dataclasses.replace(DEFAULT_LOCAL_STORE_OPTIONS, store_dir=os.path.join(work, "store")),
        executor=PyExecutor(1, 2), watch_filesystem=False)
    session = scheduler.new_session("imports")
    start = time.process_time()
    snapshots = session.product_request(Snapshot, [PathGlobs([path]) for path in paths])
    captured = time.process_time()
    imports = refused = 0
    for snapshot in snapshots:
        try:
            (parsed,) = session.product_request(NativeParsedPythonDependencies, [snapshot.digest])
            imports += len(parsed.imports)
        except Exception:  # Text that is no UTF-8, above all.
            refused += 1
    end = time.process_time()
    if refused:
        print(f"Pants refuses {refused} files", file=sys.stderr)
    print(end - captured, end - start, imports)
finally:
    shutil.rmtree(work, ignore_errors=True)
