internal import BuildFiles
internal import JSON

/// The files of a project by kind, as paths from its directory.
struct ProjectFileKinds {
  /// Python files that the wheel holds.
  var sources: [String] = []
  /// Other files that the wheel holds.
  var resources: [String] = []
  var tests: [String] = []
  /// `conftest.py` and Python files beside tests.
  var testUtilities: [String] = []
  /// Other files beside tests.
  var testData: [String] = []
  /// Python files outside of the wheel: examples, scripts, documentation.
  var scripts: [String] = []

  /// - Parameters:
  ///   - paths: all files of the project that belong to no other project, from its directory.
  ///   - options: pytest's, of the project or else of its root.
  init(_ paths: [String], contents: WheelContents, isPackage: Bool, options: JSONValue?) {
    let testPaths = Self.texts(options?["testpaths"]).compactMap { Paths.normalized($0) }
    let named = Self.texts(options?["python_files"])
    let patterns = (named.isEmpty ? ["test_*.py", "*_test.py"] : named).map { GlobPattern($0) }
    // Without a package, data files are those beside Python files, and not at the top.
    let codeDirectories = Set(paths.filter { $0.hasSuffix(".py") && $0.contains("/") }.map(Self.top))
    for path in paths {
      let isPython = path.hasSuffix(".py") || path.hasSuffix(".pyi")
      let name = Paths.lastComponent(path)
      let isPacked = contents.contains(path)
      let isBesideTests =
        path.split(separator: "/").dropLast().contains { $0 == "tests" || $0 == "test" }
        || testPaths.contains { !$0.isEmpty && Paths.contains($0, path) }
      guard isPython else {
        if isBesideTests, !isPacked || !isPackage {
          testData.append(path)
        } else if isPacked, isPackage || codeDirectories.contains(Self.top(path)) {
          resources.append(path)
        }
        continue
      }
      let isTest =
        path.hasSuffix(".py") && patterns.contains { $0.matches(named.isEmpty ? name : Self.subject($0, path)) }
      if name == "conftest.py" {
        testUtilities.append(path)
      } else if isTest, isBesideTests || !isPacked || !isPackage {
        tests.append(path)
      } else if isBesideTests, !isPacked || !isPackage {
        testUtilities.append(path)
      } else if isPacked {
        sources.append(path)
      } else {
        scripts.append(path)
      }
    }
  }

  /// The text that a pattern of `python_files` matches: the name, or the path if the pattern has a slash.
  private static func subject(_ pattern: GlobPattern, _ path: String) -> String {
    pattern.text.contains("/") ? path : Paths.lastComponent(path)
  }

  private static func top(_ path: String) -> String { path.prefix { $0 != "/" }.description }

  /// A list of pytest: an array, or words.
  private static func texts(_ value: JSONValue?) -> [String] {
    value?.strings ?? value?.string?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
  }
}
