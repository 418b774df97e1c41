"""Joins the coverage data of test files and writes reports: python kilt_coverage.py REQUEST, at the workspace root.

The last line of standard output is what a program reads: the share that is covered, and the files written.
"""
import json
import os
import sys


def main():
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p) != own]
    import coverage
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    folder = request["folder"]
    measured = coverage.Coverage(data_file=os.path.join(folder, ".coverage"))
    measured.set_option("run:relative_files", True)
    measured.combine(request["data"], keep=True)
    measured.save()
    kinds = request["reports"]
    written = []
    total = None

    def path(name):
        written.append(name)
        return os.path.join(folder, name)

    # A file that was measured and is not there any more, as generated code, is left out.
    options = {"ignore_errors": True}
    try:
        with open(os.devnull, "w") as nowhere:
            total = measured.report(file=sys.stdout if "console" in kinds else nowhere, **options)
        if "xml" in kinds:
            measured.xml_report(outfile=path("coverage.xml"), **options)
        if "json" in kinds:
            measured.json_report(outfile=path("coverage.json"), **options)
        if "html" in kinds:
            measured.html_report(directory=path("htmlcov"), **options)
            written[-1] = "htmlcov/index.html"
        if "lcov" in kinds:
            measured.lcov_report(outfile=path("coverage.lcov"), **options)
    except coverage.exceptions.NoDataError:
        pass
    if "raw" in kinds:
        written.append(".coverage")
    under = request.get("fail_under")
    if under is None:
        under = measured.get_option("report:fail_under")
    sys.stdout.flush()
    print(json.dumps({"total": total, "written": written, "fail_under": under}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
