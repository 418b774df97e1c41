import SystemSupport
import Testing

/// Numbers that are the same for the same seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// A workspace of random packages in two source roots, in a temporary directory: files by path.
final class RandomWorkspace {
  let root: FilePath
  private(set) var files: [String: String] = [:]
  private var random: SeededNumbers

  init(seed: UInt64) throws {
    random = SeededNumbers(seed)
    root = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "random-workspace"))
    files = generated()
    try write(files)
  }

  deinit {
    do { try FileSystem.removeTree(root) } catch { Issue.record("\(root) stays: \(error)") }
  }

  static let configuration = "[workspace]\nsource_roots = [\"/one\", \"/two\"]\nprelude_globs = [\"macros\"]\n"
  /// Directories by source root, with names that no other root has.
  static let directories = [
    "one/a", "one/a/b", "one/a/b/c", "one/d", "one/d/e", "two/f", "two/f/g", "two/f/g/h", "two/i", "two/i/j",
  ]

  private func place(_ directory: String) -> String {
    directory.split(separator: "/").dropFirst().joined(separator: ".")
  }

  /// The text of a module: imports of some others.
  private func module() -> String {
    var lines: [String] = []
    for _ in 0..<random.below(4) {
      let directory = Self.directories[random.below(Self.directories.count)]
      lines.append("from \(place(directory)) import m\(random.below(3))")
    }
    lines.append("X = \(random.below(1000))")
    return lines.joined(separator: "\n") + "\n"
  }

  private func buildFile() -> String {
    let sources =
      random.chance(25) ? "sources=['*.py', '!__init__.py', '!test_*.py']" : "sources=['*.py', '!test_*.py']"
    let tags = random.chance(20) ? ", tags=['t\(random.below(3))']" : ""
    var text = random.chance(20) ? "library()\n" : "python_sources(name='lib', \(sources)\(tags))\n"
    text += "resources(name='data', sources=['*.txt'])\n"
    return text
  }

  private func generated() -> [String: String] {
    var files = [
      "kilt.toml": Self.configuration, "macros": "def library():\n    python_sources(name='lib')\n",
    ]
    for directory in Self.directories where random.chance(85) {
      for number in 0..<3 where random.chance(70) { files["\(directory)/m\(number).py"] = module() }
      if random.chance(60) { files["\(directory)/__init__.py"] = random.chance(60) ? "" : module() }
      if random.chance(15) { files["\(directory)/__init__.pyi"] = "" }
      if random.chance(40) { files["\(directory)/data.txt"] = "\(random.below(1000))\n" }
      if random.chance(90) { files["\(directory)/BUILD"] = buildFile() }
    }
    files["one/app/main.py"] = module()
    files["one/app/other.py"] = module()
    if random.chance(50) { files["one/app/__init__.py"] = "" }
    files["one/app/test_main.py"] = "from app import main\n"
    let data = Self.directories.filter { files["\($0)/data.txt"] != nil && files["\($0)/BUILD"] != nil }
      .prefix(2).map { ", '\($0):data'" }.joined()
    files["one/app/BUILD"] = """
      python_sources(name='lib', dependencies=[\(data.dropFirst(2))])
      python_tests(name='tests')
      pex_binary(name='bin', entry_point='main.py')
      pex_binary(name='second', entry_point='other.py')
      """ + "\n"
    // The distribution owns all below both roots when it stands at the top.
    files["BUILD"] = """
      python_distribution(name='dist', dependencies=['one/app/main.py:lib'],
                          provides=python_artifact(name='dist', version='1'))
      """ + "\n"
    return files
  }

  func write(_ texts: [String: String]) throws {
    for (path, text) in texts {
      let file = root.appending(path)
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(text: text, to: file)
    }
  }

  // MARK: Edits

  /// Changes some files; returns what was done, for messages.
  func edit(_ count: Int) throws -> [String] {
    try (0..<count).map { _ in try edit() }
  }

  private func edit() throws -> String {
    let python = files.keys.filter { $0.hasSuffix(".py") && $0 != "one/app/main.py" && $0 != "one/app/other.py" }
      .sorted()
    let builds = files.keys.filter { $0.hasSuffix("/BUILD") && $0 != "one/app/BUILD" }.sorted()
    let directory = Self.directories[random.below(Self.directories.count)]
    func set(_ path: String, _ text: String?) throws {
      files[path] = text
      let file = root.appending(path)
      if let text {
        try write([path: text])
      } else if FileSystem.exists(file) {
        try FileSystem.removeFile(file)
      }
    }
    switch random.below(17) {
    case 0, 1, 2:
      guard let path = python.randomElement(using: &random) else { return "nothing" }
      try set(path, module())
      return "edit \(path)"
    case 3, 4:
      guard let path = python.randomElement(using: &random) else { return "nothing" }
      try set(path, nil)
      return "delete \(path)"
    case 5:
      guard let path = python.filter({ $0.contains("/m") }).randomElement(using: &random) else { return "nothing" }
      let other = "\(directory)/m\(random.below(3)).py"
      let text = files[path]
      try set(path, nil)
      try set(other, text)
      return "rename \(path) \(other)"
    case 6, 7:
      let path = "\(directory)/m\(random.below(3)).py"
      try set(path, module())
      return "write \(path)"
    case 8:
      let path = "\(directory)/__init__.py"
      let text: String? = files[path] == nil ? (random.chance(60) ? "" : module()) : nil
      try set(path, text)
      return "\(text == nil ? "delete" : "write") \(path)"
    case 9:
      let path = "\(directory)/__init__.py"
      try set(path, files[path] == "" ? "Y = 1\n" : "")
      return "edit \(path)"
    case 10:
      try set("\(directory)/data.txt", "\(random.below(1000))\n")
      return "edit \(directory)/data.txt"
    case 11:
      guard let path = builds.randomElement(using: &random) else { return "nothing" }
      // White space alone.
      try set(path, "\n# More.\n" + (files[path] ?? "") + "\n")
      return "space \(path)"
    case 12:
      try set("\(directory)/BUILD", buildFile())
      return "build \(directory)/BUILD"
    case 13:
      guard let path = builds.randomElement(using: &random), random.chance(50) else { return "nothing" }
      try set(path, nil)
      return "delete \(path)"
    case 14:
      let tag = random.below(3)
      try set("macros", "def library():\n    python_sources(name='lib', tags=['t\(tag)'])\n")
      return "macro \(tag)"
    case 15:
      let path = random.chance(50) ? ".gitignore" : "\(directory)/.gitignore"
      let rules = ["", "m1.py\n", "/one/d/\n", "data.txt\n", "*.pyi\n"]
      try set(path, rules[random.below(rules.count)])
      return "ignore \(path)"
    default:
      let texts = [
        "", "[python]\nversion = \"3.11\"\n", "[python]\ninterpreter_constraints = [\"CPython>=3.9\"]\n",
        "[repository]\nurl = \"file:///x\"\n", "[test]\nextra_env_vars = [\"A=1\"]\n",
        "[python.infer]\ninit_files = \"never\"\n", "[python.infer]\ninit_files = \"always\"\n",
        "[python.infer]\ninit_files = \"content_only\"\n",
      ]
      try set("kilt.toml", Self.configuration + texts[random.below(texts.count)])
      return "configuration"
    }
  }
}
