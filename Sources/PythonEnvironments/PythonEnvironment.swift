public import Digests
public import PythonPackaging
public import SystemSupport

/// An interpreter with wheels: a directory shaped like a virtual environment (PEP 405), of links to unpacked wheels.
public struct PythonEnvironment: Sendable {
  /// The directory: `bin`, `lib/pythonX.Y/site-packages`, `pyvenv.cfg`.
  public var path: FilePath
  public var interpreter: Interpreter
  /// Its contents, by name.
  public var wheels: [ResolvedWheel]
  /// Identifies its contents: equal keys, equal environments.
  public var key: SHA256Digest

  public var python: FilePath { path.appending("bin/python") }
  public var scripts: FilePath { path.appending("bin") }
  public var sitePackages: FilePath { path.appending("lib/\(interpreter.libraryName)/site-packages") }

  /// The key of an environment, which needs none of it to be on disk.
  public static func key(of wheels: [ResolvedWheel], for interpreter: Interpreter) -> SHA256Digest {
    var key = CanonicalEncoder()
    key.append("environment 1")
    key.append(interpreter.path.string)
    key.append(strings: interpreter.identity)
    key.append(list: wheels) { encoder, wheel in
      encoder.append(wheel.fileName)
      encoder.append(wheel.sha256)
    }
    return key.digest
  }
}

extension Interpreter {
  /// The visible differences between Python installations: version, implementation, ABIs, platform.
  public var identity: [String] {
    [facts.version.description, facts.implementation, facts.interpreterTag, facts.platform.description] + facts.abis
  }

  /// `python3.11`, `pypy3.10`: the directory of `lib` that it searches.
  var libraryName: String {
    let name = facts.implementation == "pypy" ? "pypy" : "python"
    return name + facts.version.release.prefix(2).map { "\($0)" }.joined(separator: ".")
  }
}
