"""The program of a pipeline: `run STEP` for Kilt, `write` and `check` for people and CI."""

import argparse
import sys

from lib.deepwater.context import Context


def main(pipeline, arguments=None):
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog=pipeline.artifact)
    verbs = parser.add_subparsers(dest="verb")
    verbs.required = True
    run = verbs.add_parser("run", help="run one attempt of a step: called by kilt pipeline")
    run.add_argument("step")
    write = verbs.add_parser("write", help="write the pipeline file from the step classes")
    write.add_argument("file")
    write.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the file needs changes")
    options = parser.parse_args(arguments)
    if options.verb == "run":
        return run_step(pipeline.step(options.step), Context.from_environment())
    return write_file(pipeline, options.file, options.check)


def run_step(step, context):
    partition = context.values["partition"] or None
    output = step(context).run(partition)
    context.write_output(output or {})
    return 0


def write_file(pipeline, path, check):
    text = pipeline.yaml()
    try:
        with open(path) as file:
            present = file.read()
    except FileNotFoundError:
        present = None
    if present == text:
        return 0
    if check:
        sys.stderr.write(f"{path} is not what the step classes say: run `{pipeline.artifact} write {path}`\n")
        return 1
    with open(path, "w") as file:
        file.write(text)
    return 0
