import Bundles
import SystemSupport
import Testing

@Suite("Programs of a bundle that start themselves or other Python processes")
struct RestartTests {
  /// Prints the interpreter, the arguments and `PEX`, then becomes itself again, three times.
  static let again = """
    import os, sys
    def main():
        print([sys.executable, sys.argv, os.environ["PEX"]], flush=True)
        count = int(os.environ.get("COUNT", "3"))
        if count:
            os.environ["COUNT"] = str(count - 1)
            os.execv(sys.executable, [sys.executable] + sys.argv)
    if __name__ == "__main__": main()

    """

  @Test(
    "A program that executes sys.executable with sys.argv finds the same values each time",
    arguments: ["again", "again:main", "deep.again"], [BundleSpecification.Layout.zipapp, .packed, .loose])
  func restart(entry: String, layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let sources: KeyValuePairs = [
      "again.py": Self.again, "deep/__init__.py": "",
      // Its neighbors are in its package, and hide no module of that name elsewhere.
      "deep/again.py": "from . import own\nfrom own import name\nassert (own.name, name) == ('deep', 'top')\n"
        + Self.again,
      "deep/own.py": "name = 'deep'\n", "own.py": "name = 'top'\n",
    ]
    let bundle = try scratch.build("a.pex", entry: entry, sources: sources) {
      $0.arguments = ["--port", "{pex.env.HOME}"]
      $0.layout = layout
    }
    let program = layout == .zipapp ? bundle.path : bundle.path.appending("pex")
    for root in ["", scratch.path.appending("root").string] {
      let outcome = try scratch.run(program, ["a b"], environment: root.isEmpty ? [:] : ["PEX_ROOT": root])
      let lines = outcome.text.split(separator: "\n")
      #expect(lines.count == 4, "\(outcome.text)\n\(outcome.errorText)")
      #expect(Set(lines).count == 1, "\(outcome.text)")
      #expect(lines.first?.contains("'--port', '\(scratch.home)', 'a b'], '\(bundle.path)']") == true, "\(lines)")
    }
  }

  @Test("A bundle started by another bundle's interpreter uses the host's, without a nested tree")
  func nested() throws {
    let scratch = try Scratch()
    let inner = try scratch.build("inner.pex", entry: "app", sources: ["app.py": "import sys\nprint(sys.executable)\n"])
    let source = """
      import subprocess, sys, os
      inner = sys.argv[1]
      print(subprocess.check_output([sys.executable, inner], text=True).strip())
      print(subprocess.check_output([inner], text=True, env=dict(os.environ, PEX_PYTHON=sys.executable)).strip())
      bin = os.path.dirname(sys.executable)
      print(subprocess.check_output([inner], text=True, env=dict(os.environ, PATH=bin + ":" + os.environ["PATH"])).strip())
      """
    let outer = try scratch.build("outer.pex", entry: "app", sources: ["app.py": source])
    let lines = try scratch.run(outer.path, [inner.path.string]).text.split(separator: "\n")
    #expect(lines.count == 3)
    for line in lines {
      #expect(line.components(of: "/bundles/").count == 2 && line.contains("/\(inner.id)/at/"), "\(line)")
    }
  }

  @Test("Python processes with the flags of their parent import the same modules", arguments: Python.all)
  func flags(python: Python) throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "name = 'wheel'\n", "shadowed.py": "name = 'wheel'\n"])
    let source = """
      import subprocess, sys, pkg, shadowed
      flags = subprocess._args_from_interpreter_flags()
      code = "import pkg, shadowed, own; print(pkg.name, shadowed.name, own.name)"
      for more in ([], flags):
          print(subprocess.check_output([sys.executable, *more, "-c", code], text=True).strip())
      print(sys.flags.no_site, tuple(sys.flags)[6], "no_site=0" in repr(sys.flags), "-S" in flags)
      before = list(sys.path)
      import site
      print(sys.path == before, exit.__class__.__name__, help.__class__.__name__, "Copyright" in repr(copyright))
      """
    let sources: KeyValuePairs = ["app.py": source, "own.py": "name = 'own'\n", "shadowed.py": "name = 'own'\n"]
    let bundle = try scratch.build(entry: "app", sources: sources, wheels: [wheel])
    for environment in [[:], ["PYTHONPATH": "/x", "PYTHONHOME": "/nonexistent"]] {
      let outcome = try scratch.run(bundle.path, python: python.path, environment: environment)
      #expect(
        outcome.text == """
          wheel own own
          wheel own own
          0 0 True False
          True Quitter _Helper True
          """, "\(outcome.errorText)")
    }
  }

  @Test("Flags of the interpreter reach the program, from python FLAGS BUNDLE and from the bundle")
  func givenFlags() throws {
    let scratch = try Scratch()
    let source = """
      import sys
      print(sys.flags.optimize, sys.flags.dont_write_bytecode, sys.stdout.write_through, sys.warnoptions, sys.argv[1:],
            sorted(sys._xoptions))
      """
    let plain = try scratch.build("plain.pex", entry: "app", sources: ["app.py": source])
    let python = try Python.any()
    for _ in 0..<2 {
      let given = try scratch.run(
        python.path, ["-u", "-OO", "-B", "-W", "ignore:a b:UserWarning", "-X", "utf8", plain.path.string, "-x", "y"])
      #expect(given.text == "2 1 True ['ignore:a b:UserWarning'] ['-x', 'y'] ['utf8']", "\(given.errorText)")
    }
    #expect(try scratch.run(plain.path).text == "0 0 False [] [] []")
    let frozen = try scratch.build("frozen.pex", entry: "app", sources: ["app.py": source]) {
      $0.interpreterFlags = ["-uO", "-W", "ignore:it's:UserWarning"]
    }
    for _ in 0..<2 {
      #expect(try scratch.run(frozen.path).text == "1 0 True [\"ignore:it's:UserWarning\"] [] []")
    }
    let both = try scratch.run(python.path, ["-B", frozen.path.string])
    #expect(both.text == "1 1 True [\"ignore:it's:UserWarning\"] [] []", "\(both.errorText)")
    let interpreter = try scratch.run(
      frozen.path, ["-c", "import sys; print(sys.flags.optimize)"], environment: ["PEX_INTERPRETER": "1"])
    #expect(interpreter.text == "1", "\(interpreter.errorText)")
  }
}

extension Substring {
  fileprivate func components(of separator: String) -> [String] {
    var parts = [""]
    var rest = self
    while let first = rest.first {
      if rest.hasPrefix(separator) {
        parts.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        parts[parts.count - 1].append(first)
        rest = rest.dropFirst()
      }
    }
    return parts
  }
}
