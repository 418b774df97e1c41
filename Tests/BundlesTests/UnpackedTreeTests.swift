import Bundles
import SystemSupport
import Testing

@Suite("The unpacked tree")
struct UnpackedTreeTests {
  @Test("Schemes of .data, .pth files, console scripts and file modes match an installer's")
  func schemes() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg/__init__.py": "",
        "pkg-1.0.data/purelib/pure.py": "x = 'pure'\n",
        "pkg-1.0.data/platlib/plat.py": "x = 'plat'\n",
        "pkg-1.0.data/data/share/pkg/data.txt": "data",
        "pkg-1.0.data/headers/pkg.h": "/* */",
        "pkg-1.0.data/scripts/run.sh": "#!/bin/sh\necho from sh\n",
        "pkg.pth": "import sys; sys.from_pth = 'executed'\nsubdirectory\nmissing\n",
        "subdirectory/inner.py": "x = 'inner'\n",
        "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = pure:x.upper [extra]\n",
      ])
    let source = """
      import importlib.metadata, inner, os, plat, pure, subprocess, sys
      prefix = sys.prefix
      print(pure.x, plat.x, inner.x, sys.from_pth, importlib.metadata.version("pkg"))
      print(open(prefix + "/share/pkg/data.txt").read())
      print(subprocess.check_output([prefix + "/bin/run.sh"], text=True).strip())
      print(subprocess.call([prefix + "/bin/tool"], stderr=subprocess.DEVNULL) != 0)
      print(subprocess.check_output([sys.executable, "-c", "import pure, app2; print(pure.x)"], text=True).strip())
      print(os.path.isfile(prefix + "/include/site/python%d.%d/pkg/pkg.h" % sys.version_info[:2]))
      print(exit.__class__.__name__, help.__class__.__name__)
      """
    let bundle = try scratch.build(entry: "app", sources: ["app.py": source, "app2.py": ""], wheels: [wheel])
    let outcome = try scratch.run(bundle.path)
    #expect(
      outcome.text == "pure plat inner executed 1.0\ndata\nfrom sh\nTrue\npure\nTrue\nQuitter _Helper",
      "\(outcome.errorText)")
  }

  @Test("A wheel's names cannot reach the interpreter, other files of the store, or the start's files")
  func namesOfOthers() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let site = "data/lib/python3.\(python.minor)/site-packages"
    let victim = try scratch.wheel("victim-1.0-py3-none-any.whl", ["victim/__init__.py": "x = 'victim'\n"])
    let hostile = try scratch.wheel(
      "hostile-1.0-py3-none-any.whl",
      [
        "__kilt__.pth": "import sys\n", "hostile-1.0.data/\(site)/victim/more.py": "x = 'more'\n",
        "hostile-1.0.data/data/kilt_start": "", "hostile-1.0.data/data/__main__.py": "print('hostile')\n",
        "hostile-1.0.data/data/pyvenv.cfg": "home = /nonexistent\n",
        "hostile-1.0.data/data/bin/python3": "#!/bin/false\n",
        "hostile-1.0.data/data/__pycache__/kilt_run.cpython-3\(python.minor).pyc": "",
        "hostile-1.0.data/scripts/python3.\(python.minor)": "#!/bin/false\n",
        "hostile-1.0.dist-info/entry_points.txt":
          "[console_scripts]\npython = hostile:x\npython3 = hostile:x\n../up = hostile:x\nx/y = hostile:x\n",
      ])
    let source = "import victim.more, sys\nprint(victim.x, victim.more.x, sys.prefix)\n"
    let bundle = try scratch.build(entry: "app", sources: ["app.py": source], wheels: [victim, hostile])
    let root = scratch.home.appending(".cache/kilt/runtime")
    let target = scratch.path.appending("venv")
    _ = try scratch.run(bundle.path, ["venv", target.string], environment: ["PEX_TOOLS": "1"])
    for program in [bundle.path, bundle.path, target.appending("pex")] {
      let outcome = try scratch.run(program)
      #expect(outcome.text.hasPrefix("victim more "), "\(program): \(outcome.errorText)")
    }
    let wheels = root.appending("wheels")
    #expect(!FileSystem.exists(wheels.appending("\(victim.sha256)/lib/victim/more.py")))
    #expect(try FileSystem.readText(wheels.appending("\(hostile.sha256)/lib/__kilt__.pth")) == "import sys\n")
    #expect(
      try FileSystem.readText(wheels.appending("\(hostile.sha256)/data/data/__main__.py")) == "print('hostile')\n")
    #expect(try scratch.run(python.path, ["-c", "print(1)"]).text == "1")
  }

  @Test("A namespace package of two wheels and the workspace is one")
  func namespace() throws {
    let scratch = try Scratch()
    let one = try scratch.wheel("one-1.0-py3-none-any.whl", ["ns/one/__init__.py": "x = 1", "ns/deep/a.py": "x = 1"])
    let two = try scratch.wheel("two-1.0-py3-none-any.whl", ["ns/two/__init__.py": "x = 2", "ns/deep/b.py": "x = 2"])
    let source =
      "import ns.one, ns.two, ns.deep.a, ns.deep.b, ns.own\nprint(ns.one.x, ns.two.x, ns.deep.b.x, ns.own.x)\n"
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": source, "ns/own.py": "x = 3"], wheels: [one, two])
    let outcome = try scratch.run(bundle.path)
    #expect(outcome.text == "1 2 2 3", "\(outcome.errorText)")
  }

  @Test("Two bundles share a wheel, which is unpacked and compiled once")
  func shared() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "x = 1\n"])
    for name in ["a", "b"] {
      let source =
        "import os, pkg\nprint(os.path.realpath(pkg.__file__), os.path.realpath(pkg.__cached__))\n# \(name)\n"
      let bundle = try scratch.build("\(name).pex", entry: "app", sources: ["app.py": source], wheels: [wheel])
      let outcome = try scratch.run(bundle.path)
      let root = "\(scratch.home)/.cache/kilt/runtime/wheels/\(wheel.sha256)/lib/pkg"
      #expect(outcome.text.hasPrefix("\(root)/__init__.py \(root)/__pycache__/"), "\(outcome.errorText)")
    }
    let pycache = scratch.home.appending(".cache/kilt/runtime/wheels/\(wheel.sha256)/lib/pkg/__pycache__")
    #expect(try FileSystem.list(pycache).count == 1)
  }

  @Test("Processes that multiprocessing spawns find the program's modules", arguments: ["app", "app:main"])
  func multiprocessing(entry: String) throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "def double(x): return 2 * x\n"])
    let source = """
      import multiprocessing, pkg, sys
      def work(x): return pkg.double(x)
      def main():
          with multiprocessing.get_context("spawn").Pool(2) as pool: print(pool.map(work, [1, 2, 3]))
      if __name__ == "__main__": main()
      """
    let bundle = try scratch.build(entry: entry, sources: ["app.py": source], wheels: [wheel])
    let outcome = try scratch.run(bundle.path)
    #expect(outcome.text == "[2, 4, 6]", "\(outcome.errorText)")
  }

  @Test("A traceback names the file and line of the program")
  func traceback() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "pkg.app", sources: ["pkg/app.py": "x = 1\nraise ValueError('no')\n"])
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path)
      #expect(outcome.errorText.contains("code/pkg/app.py\", line 2"))
      #expect(outcome.errorText.hasSuffix("ValueError: no"))
      #expect(outcome.errorText.split(separator: "\n").allSatisfy { $0.utf8.count < 400 }, "no line drowns the rest")
      #expect(outcome.termination == .exited(1))
    }
  }

  @Test("An executable file keeps its bit, and resources are found beside the code")
  func resources() throws {
    let scratch = try Scratch()
    let source = """
      import importlib.resources, os, subprocess
      here = os.path.dirname(__file__)
      print(open(here + "/constants.yaml").read().strip(), importlib.resources.read_text("app", "constants.yaml").strip())
      print(subprocess.check_output([here + "/run.sh"], text=True).strip())
      """
    let bundle = try scratch.build(entry: "app.main") {
      $0.sources = [
        SourceMember("app/main.py", bytes: Array(source.utf8)),
        SourceMember("app/constants.yaml", bytes: Array("a: 1\n".utf8)),
        SourceMember("app/run.sh", bytes: Array("#!/bin/sh\necho ran\n".utf8), isExecutable: true),
      ]
    }
    let outcome = try scratch.run(bundle.path)
    #expect(outcome.text == "a: 1 a: 1\nran", "\(outcome.errorText)")
  }
}
