import Bundles
import SystemSupport
import Testing

@Suite("import __pex__")
struct ImportTests {
  @Test(
    "A Python with a bundle on its path imports the bundle's contents",
    arguments: [BundleSpecification.Layout.zipapp, .packed, .loose])
  func attach(layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      ["pkg/__init__.py": "x = 1\n", "pkg/deep.py": "y = 2\n", "z.pth": "import sys; sys.pth = 3\n"])
    let bundle = try scratch.build(entry: "app", sources: ["own.py": "z = 4\n", "app.py": ""], wheels: [wheel]) {
      $0.layout = layout
    }
    let head = "import os, sys; sys.path.append('\(bundle.path)'); before = set(sys.modules)\n"
    for (code, expected) in [
      (
        "import __pex__; import pkg.deep, own; print(pkg.x, pkg.deep.y, sys.pth, own.z, os.environ.get('PEX'))",
        "1 2 3 4 None"
      ),
      ("from __pex__ import pkg; import __pex__.pkg.deep as deep; print(pkg.x, deep.y)", "1 2"),
      ("import __pex__; print([n for n in set(sys.modules) - before if n.startswith('kilt')])", "[]"),
      ("import importlib.metadata as m, __pex__; print(m.version('pkg'))", "1.0"),
    ] {
      for _ in 0..<2 {
        let outcome = try scratch.run(python.path, ["-I", "-c", head + code])
        #expect(outcome.text == expected, "\(outcome.errorText)")
      }
    }
  }

  @Test("A Python that does not meet the constraints gets an ImportError that names them")
  func unfit() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": ""]) {
      $0.interpreterConstraints = ["==3.\(python.minor + 1).*"]
    }
    let outcome = try scratch.run(
      python.path, ["-c", "import sys; sys.path.insert(0, '\(bundle.path)'); import __pex__"])
    #expect(outcome.termination == .exited(1))
    #expect(outcome.errorText.contains("ImportError: \(bundle.path): "), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("does not meet ==3.\(python.minor + 1).*"), "\(outcome.errorText)")
  }
}
