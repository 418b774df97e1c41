// Bundles: a program, its wheels and its interpreter's requirements in one file that runs on its own. Read
// docs/bundles.md for the format. BundleBuilder.swift builds bundles, and Boot/ holds the code inside them.

public import Digests
public import SystemSupport

/// The inputs of a bundle. Equal specifications produce equal bytes.
public struct BundleSpecification: Sendable {
  /// For people, in the first lines of the file.
  public var name: String
  public var entryPoint: EntryPoint
  /// Arguments put in front of those given at the start.
  public var arguments: [String] = []
  /// Variables set at the start unless the environment has them.
  public var environment: [String: String] = [:]
  /// Alternatives such as `CPython>=3.11,<3.13`; none means any CPython that the wheels allow.
  public var interpreterConstraints: [String] = []
  /// In the order of `sys.path`: the first wins if two contain a file of one name.
  public var wheels: [WheelInput] = []
  /// The workspace's own code and resources.
  public var sources: [SourceMember] = []
  /// As the user wrote them, for `PEX-INFO`.
  public var requirements: [String] = []
  public var inheritPath: InheritPath = .no
  /// Whether `PEX_*` variables are hidden from the program.
  public var stripsPexEnvironment = true
  /// Whether a start prints warnings about the host.
  public var emitsWarnings = true
  /// Whether `PEX_TOOLS` works in a bundle without wheels as well; in one with wheels it always works.
  public var includesTools = false
  /// Whether console scripts ignore the variables of Python.
  public var hasHermeticScripts = true
  /// Whether the unpacked tree contains copies of the wheels' files, not links to them.
  public var copiesSitePackages = false
  /// Whether wheels can contain different files of one name; then the first in order is used.
  public var allowsCollisions = false
  /// The interpreter that is tried before the others: a path, or a name to search along the `PATH`.
  public var firstInterpreter: String?
  /// Flags of the interpreter, such as `-u`. They must not contain a newline.
  public var interpreterFlags: [String] = []
  /// For a bundle for several platforms: the file names of the wheels for each. A start uses the first set that fits
  /// the interpreter and the host. Empty if all wheels are for all.
  public var platforms: [[String]] = []

  /// One file, or a directory.
  public var layout: Layout = .zipapp

  /// Whether the boot code contains the tools.
  var hasTools: Bool { includesTools || !wheels.isEmpty }

  public init(name: String, entryPoint: EntryPoint) {
    self.name = name
    self.entryPoint = entryPoint
  }

  /// The program of a start.
  public enum EntryPoint: Sendable, Hashable {
    /// As `python -m` does.
    case module(String)
    /// Calls a function without arguments; its result is the exit code. `function` can contain dots.
    case function(module: String, function: String)
    /// A console script, or a script file, of one of the wheels.
    case script(String)
    /// No program: behaves as the interpreter.
    case none

    /// Reads `module` or `module:function`.
    public init(_ text: String) {
      if let colon = text.firstIndex(of: ":") {
        self = .function(module: String(text[..<colon]), function: String(text[text.index(after: colon)...]))
      } else {
        self = .module(text)
      }
    }
  }

  /// The form of the bundle; the names are PEX's.
  public enum Layout: String, Sendable, Hashable {
    /// One file.
    case zipapp
    /// A directory that holds the wheels as they are.
    case packed
    /// A directory that holds the wheels unpacked.
    case loose
  }

  /// Whether the interpreter's own site-packages and `PYTHONPATH` are visible.
  public enum InheritPath: String, Sendable, Hashable {
    case no = "false"
    /// After the contents of the bundle.
    case fallback
    /// In front of it.
    case prefer
  }
}

/// A wheel on disk whose digest is known and was checked.
public struct WheelInput: Sendable, Hashable {
  /// The name by which PEP 427 reads its tags.
  public var fileName: String
  public var path: FilePath
  public var sha256: SHA256Digest

  public init(fileName: String, path: FilePath, sha256: SHA256Digest) {
    self.fileName = fileName
    self.path = path
    self.sha256 = sha256
  }
}

/// A file of the workspace and where it goes.
public struct SourceMember: Sendable, Hashable {
  /// The path in the bundle, below its root: `services/fiddler/server.py`.
  public var bundlePath: String
  public var contents: Contents
  public var isExecutable: Bool
  /// The expected content of the file when it is packed; nil for any content.
  public var digest: SHA256Digest?

  public enum Contents: Sendable, Hashable {
    case file(FilePath)
    case bytes([UInt8])
  }

  /// - Parameter digest: of the file, where the caller has promised it to somebody already: a file that holds something
  ///   else when it is packed is an error.
  public init(_ bundlePath: String, file: FilePath, isExecutable: Bool = false, digest: SHA256Digest? = nil) {
    self.bundlePath = bundlePath
    contents = .file(file)
    self.isExecutable = isExecutable
    self.digest = digest
  }

  /// A file that is nowhere on disk, such as a generated one.
  public init(_ bundlePath: String, bytes: [UInt8], isExecutable: Bool = false) {
    self.bundlePath = bundlePath
    contents = .bytes(bytes)
    self.isExecutable = isExecutable
  }
}
