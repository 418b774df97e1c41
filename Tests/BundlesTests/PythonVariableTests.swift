import Bundles
import SystemSupport
import Testing

@Suite("PYTHON* variables and the working directory, at each start")
struct PythonVariableTests {
  /// A variable of Python, and what the program, and a Python that it starts, find: the table of docs/bundles.md.
  struct Variable: Sendable, CustomTestStringConvertible {
    var name: String
    var value: String
    /// An expression over `sys` and `os`.
    var probe: String
    var program: String
    /// In a child; nil for the same.
    var child: String?

    init(_ name: String, _ value: String, _ probe: String, _ program: String, child: String? = nil) {
      (self.name, self.value, self.probe, self.program, self.child) = (name, value, probe, program, child)
    }

    var testDescription: String { name }
  }

  static let variables: [Variable] = [
    Variable(
      "PYTHONPATH", "/from/path", "'/from/path' in sys.path, os.environ.get('PYTHONPATH')", "(False, '/from/path')",
      child: "(True, '/from/path')"),
    Variable("PYTHONHOME", "/nonexistent", "os.environ.get('PYTHONHOME')", "None"),
    Variable(
      "PYTHONPLATLIBDIR", "nonexistent", "os.environ.get('PYTHONPLATLIBDIR'), sys.platlibdir == 'nonexistent'",
      "(None, False)"),
    Variable("PYTHONSTARTUP", "STARTUP", "hasattr(sys, 'started_up')", "False"),
    Variable(
      "PYTHONSAFEPATH", "1", "os.environ['PYTHONSAFEPATH'], '' in sys.path, getattr(sys.flags, 'safe_path', True)",
      "('1', False, True)"),
    Variable(
      "PYTHONWARNINGS", "ignore:x,error:y:UserWarning", "sys.warnoptions", "['ignore:x', 'error:y:UserWarning']"),
    Variable("PYTHONUNBUFFERED", "1", "sys.stdout.write_through", "True"),
    Variable("PYTHONDONTWRITEBYTECODE", "1", "sys.dont_write_bytecode, sys.flags.dont_write_bytecode", "(True, 1)"),
    Variable("PYTHONOPTIMIZE", "2", "sys.flags.optimize", "2"),
    Variable("PYTHONHASHSEED", "0", "sys.flags.hash_randomization", "0"),
    Variable("PYTHONUTF8", "1", "sys.flags.utf8_mode", "1"),
    Variable(
      "PYTHONIOENCODING", "latin-1:replace", "sys.stdout.encoding, sys.stdout.errors", "('iso8859-1', 'replace')"),
    Variable("PYTHONDEVMODE", "1", "sys.flags.dev_mode", "True"),
    Variable("PYTHONFAULTHANDLER", "1", "__import__('faulthandler').is_enabled()", "True"),
    Variable("PYTHONTRACEMALLOC", "3", "__import__('tracemalloc').get_traceback_limit()", "3"),
    Variable("PYTHONASYNCIODEBUG", "1", "__import__('asyncio').new_event_loop().get_debug()", "True"),
    Variable("PYTHONBREAKPOINT", "0", "os.environ['PYTHONBREAKPOINT']", "0"),
    Variable("PYTHONPYCACHEPREFIX", "/nonexistent/cache", "sys.pycache_prefix", "/nonexistent/cache"),
    Variable("PYTHONINTMAXSTRDIGITS", "5000", "sys.get_int_max_str_digits()", "5000"),
    Variable("PYTHONNOUSERSITE", "1", "sys.flags.no_user_site", "1"),
    Variable(
      "PYTHONUSERBASE", "USERBASE", "any('USERBASE' in p for p in sys.path), hasattr(sys, 'user_customized')",
      "(False, False)"),
    Variable("PYTHONCASEOK", "1", "os.environ['PYTHONCASEOK']", "1"),
    Variable("PYTHONMALLOC", "malloc", "os.environ['PYTHONMALLOC']", "malloc"),
    Variable(
      "PYTHONNODEBUGRANGES", "1", "'no_debug_ranges' in sys._xoptions, os.environ['PYTHONNODEBUGRANGES']",
      "(False, '1')"),
  ]

  /// A directory with a module of each name that a start could import, which all leave a trace.
  private func hostile(_ scratch: Scratch) throws -> (directory: FilePath, trace: FilePath) {
    let directory = scratch.path.appending("hostile"), trace = scratch.path.appending("trace")
    try FileSystem.createDirectories(directory)
    let names = [
      "zlib", "os", "stat", "json", "marshal", "posix", "fcntl", "re", "shutil", "time", "mmap", "struct", "site",
      "sitecustomize", "usercustomize", "runpy", "encodings", "codecs", "io", "types", "zipimport", "random", "hashlib",
      "kilt_boot", "kilt_main", "kilt_run", "kilt_tree", "kilt_unpack", "kilt_config", "kilt_tools", "readline",
      "rlcompleter", "_sitebuiltins", "importlib", "compileall", "zipfile", "struct", "tempfile", "pip", "venv",
    ]
    for name in names {
      try FileSystem.write(text: "open('\(trace)', 'a').write('\(name) ')\n", to: directory.appending("\(name).py"))
    }
    return (directory, trace)
  }

  @Test(
    "Each variable does what the table says, at the first start, the next, and by python BUNDLE", arguments: variables)
  func table(variable: Variable) throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let startup = scratch.path.appending("startup.py")
    try FileSystem.write(text: "import sys\nsys.started_up = True\n", to: startup)
    let base = scratch.path.appending("USERBASE")
    let user = base.appending("lib/python3.\(python.minor)/site-packages")
    try FileSystem.createDirectories(user)
    try FileSystem.write(text: "import sys\nsys.user_customized = True\n", to: user.appending("usercustomize.py"))
    let source = """
      import os, subprocess, sys
      print((\(variable.probe)), flush=True)
      subprocess.call([sys.executable, "-c", "import os, sys\\nprint((\(variable.probe)))"])
      """
    let bundle = try scratch.build(entry: "app", sources: ["app.py": source])
    let value =
      switch variable.value {
      case "STARTUP": startup.string
      case "USERBASE": base.string
      default: variable.value
      }
    let expected = "\(variable.program)\n\(variable.child ?? variable.program)"
    for _ in 0..<2 {
      let own = try scratch.run(bundle.path, environment: [variable.name: value])
      #expect(own.text == expected, "\(own.errorText)")
    }
    // An interpreter that the variable itself breaks does not come so far as to start a bundle.
    if ["PYTHONHOME", "PYTHONPLATLIBDIR"].contains(variable.name) { return }
    let named = try scratch.run(python.path, [bundle.path.string], environment: [variable.name: value])
    #expect(named.text == expected, "\(named.errorText)")
  }

  @Test("All variables at once, with PYTHONPATH and PYTHONHOME set, keep their meaning")
  func together() throws {
    let scratch = try Scratch()
    // Without the one that adds a filter of its own to those of PYTHONWARNINGS.
    let chosen = Self.variables.filter {
      $0.program != "False" && !$0.name.hasSuffix("BASE") && $0.name != "PYTHONDEVMODE"
    }
    let probes = chosen.map { "(\($0.probe))" }.joined(separator: "), str(")
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": "import os, sys\nprint(*[str(\(probes))], sep='\\n')\n"])
    let environment = Dictionary(uniqueKeysWithValues: chosen.map { ($0.name, $0.value) })
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path, environment: environment)
      #expect(outcome.text == chosen.map(\.program).joined(separator: "\n"), "\(outcome.errorText)")
    }
  }

  @Test(
    "No start imports a module of the working directory",
    arguments: ["./BUNDLE", "python BUNDLE", "PEX_TOOLS", "PEX_MODULE", "PEX_PATH", "PEX_PROFILE", "venv"])
  func workingDirectory(way: String) throws {
    let scratch = try Scratch()
    let (directory, trace) = try hostile(scratch)
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      ["pkg.py": "", "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = pkg:tool\n"])
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "print('ran')\n"], wheels: [wheel])
    var environment = ["PYTHONSTARTUP": directory.appending("random.py").string]
    var command = [bundle.path.string]
    var expected = "ran"
    switch way {
    case "python BUNDLE": command = [try Python.any().path.string, bundle.path.string]
    case "PEX_TOOLS":
      (command, expected) = (command + ["repository", "info"], "pkg 1.0 \(bundle.path)/.deps/pkg-1.0-py3-none-any.whl")
      environment["PEX_TOOLS"] = "1"
    case "venv":
      (command, expected) = (command + ["venv", scratch.path.appending("made").string], "")
      environment["PEX_TOOLS"] = "1"
    case "PEX_MODULE": environment["PEX_MODULE"] = "app"
    case "PEX_PATH": environment["PEX_PATH"] = bundle.path.string
    case "PEX_PROFILE": environment["PEX_PROFILE_FILENAME"] = "/dev/null"
    default: break
    }
    // The empty words of PYTHONPATH are the working directory, too.
    for path in [nil, "", ":"] as [String?] {
      if command.count > 1, command[1].hasSuffix(".pex"), path != nil { continue }
      for _ in 0..<2 {
        let outcome = try scratch.run(
          "/bin/sh", ["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", directory.string] + command,
          environment: environment.merging(path.map { ["PYTHONPATH": $0] } ?? [:]) { $1 })
        #expect(outcome.text == expected, "\(outcome.errorText)")
        #expect(!FileSystem.exists(trace), "imported: \((try? FileSystem.readText(trace)) ?? "")")
        if way == "venv" { try FileSystem.removeTree(scratch.path.appending("made")) }
      }
    }
  }
}
