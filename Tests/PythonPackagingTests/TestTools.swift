import SystemSupport
import Testing

@testable import PythonPackaging

/// The real tools that tests drive: installed from the index that pip is configured to use into a folder of the temporary
/// folder, which later runs use again.
enum TestTools {
  private static let folder = FilePath(environmentVariable("TMPDIR") ?? "/tmp").appending("kilt-test-tools")

  static func uv(_ python: Interpreter) throws -> UvTool { try UvTool.find(cache: folder, python: python) }

  /// The `bin` folder of a virtual environment with pex, pip-tools, and a pip that has `pip lock`.
  static func lockers(_ python: Interpreter) throws -> FilePath {
    let version = python.facts.version.release.prefix(2).map { "\($0)" }.joined(separator: ".")
    let venv = folder.appending("lockers-\(version)"), mark = venv.appending("complete")
    try FileSystem.createDirectories(folder)
    let lock = try FileLock(waitingFor: folder.appending("lockers.lock"))
    // Another test run may have been first.
    if !FileSystem.exists(mark) {
      let packages = ["pip>=25.1", "pex>=2.50", "pip-tools>=7.5"]
      let pip = venv.appending("bin/python").string
      for (program, arguments) in [
        (python.path.string, ["-m", "venv", "--clear", venv.string]),
        (pip, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + packages),
      ] {
        let outcome = try Subprocess(program, arguments, deadlineMilliseconds: 300_000).run()
        try #require(
          outcome.termination.isSuccess,
          "these tests need pip 25.1, pex and pip-tools (pip install pex pip-tools): \(outcome.errorText)")
      }
      try FileSystem.write(text: "", to: mark)
    }
    _ = consume lock
    return venv.appending("bin")
  }

  /// Runs a program that has nothing configured but what it is given; it must succeed.
  @discardableResult
  static func run(
    _ program: FilePath, _ arguments: [String], in workingDirectory: FilePath, environment: [String] = []
  ) throws -> String {
    let inherited = environmentStrings().filter { entry in
      !["PIP_", "UV_", "PEX_", "PIPTOOLS_"].contains { entry.hasPrefix($0) }
    }
    let outcome = try Subprocess(
      program.string, arguments,
      environment: inherited + ["PIP_CONFIG_FILE=/dev/null", "PEX_ROOT=\(folder)/pex-root"] + environment,
      workingDirectory: workingDirectory, deadlineMilliseconds: 180_000
    ).run()
    try #require(outcome.termination.isSuccess, "\(program) \(arguments): \(outcome.text)\n\(outcome.errorText)")
    return outcome.text
  }
}
