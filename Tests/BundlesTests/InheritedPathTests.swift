import SystemSupport
import Testing

@testable import Bundles

/// `inherit_path` and PEX_EXTRA_SYS_PATH: whose packages are seen, and which come first.
@Suite("Packages of the interpreter that starts a bundle")
struct InheritedPathTests {
  /// A virtual environment by hand, with modules of its own and a package that is installed to be edited.
  private func environment(_ scratch: Scratch, _ python: Python) throws -> FilePath {
    let place = scratch.path.appending("environment")
    let site = place.appending("lib/python3.\(python.minor)/site-packages")
    let edited = scratch.path.appending("edited")
    for directory in [place.appending("bin"), site, edited] { try FileSystem.createDirectories(directory) }
    try FileSystem.createSymbolicLink(at: place.appending("bin/python"), to: python.path)
    try FileSystem.write(
      text: "home = \(python.path.removingLastComponent())\ninclude-system-site-packages = false\n",
      to: place.appending("pyvenv.cfg"))
    try FileSystem.write(text: "x = 'environment'\n", to: site.appending("pkg.py"))
    try FileSystem.write(text: "", to: site.appending("only.py"))
    try FileSystem.write(text: edited.string + "\n", to: site.appending("edited.pth"))
    try FileSystem.write(text: "", to: edited.appending("editable.py"))
    return place.appending("bin/python")
  }

  @Test(
    "Packages of a virtual environment come after or before the bundle's, in child processes and on a prompt",
    arguments: [("fallback", "wheel"), ("prefer", "environment")])
  func inherited(mode: String, first: String) throws {
    let scratch = try Scratch()
    let python = try environment(scratch, try Python.any())
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg.py": "x = 'wheel'\n"])
    let program = """
      import subprocess, sys
      code = "import pkg, only, editable; print(pkg.x)"
      if len(sys.argv) > 1:
          exec(code)
          sys.exit(subprocess.call([sys.executable, "-c", code]))

      """
    let bundle = try scratch.build(entry: "app", sources: ["app.py": program], wheels: [wheel])
    func start(_ arguments: [String], _ variables: [String: String]) throws -> Subprocess.Outcome {
      try scratch.run(python, [bundle.path.string] + arguments, environment: variables)
    }
    let code = "import pkg, only, editable; print(pkg.x)"
    let plain = try start(["-c", code], ["PEX_INTERPRETER": "1"])
    #expect(plain.termination == .exited(1) && plain.errorText.contains("No module named 'only'"), "\(plain.errorText)")
    let outcome = try start(["x"], ["PEX_INHERIT_PATH": mode])
    #expect(outcome.text == "\(first)\n\(first)", "\(outcome.errorText)")
    let interpreter = try start(["-c", code], ["PEX_INHERIT_PATH": mode, "PEX_INTERPRETER": "1"])
    #expect(interpreter.text == first, "\(interpreter.errorText)")
  }

  @Test("Directories of PEX_EXTRA_SYS_PATH come after the bundle's packages, on a prompt too")
  func extra() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg.py": "x = 'wheel'\n"])
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": "import pkg, more; print(pkg.x)\n"], wheels: [wheel])
    let extra = scratch.path.appending("extra")
    try FileSystem.createDirectories(extra)
    try FileSystem.write(text: "x = 'extra'\n", to: extra.appending("pkg.py"))
    try FileSystem.write(text: "", to: extra.appending("more.py"))
    let variables = ["PEX_EXTRA_SYS_PATH": extra.string]
    #expect(try scratch.run(bundle.path, environment: variables).text == "wheel")
    let interpreter = try scratch.run(
      bundle.path, ["-c", "import pkg, more; print(pkg.x)"],
      environment: variables.merging(["PEX_INTERPRETER": "1"]) { $1 })
    #expect(interpreter.text == "wheel", "\(interpreter.errorText)")
  }
}
