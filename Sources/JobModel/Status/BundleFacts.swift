public import JSON

/// The facts of a bundle that runs, from its manifest: the target, and all files and wheels with their digests. As the
/// API returns it.
public struct BundleFacts: Sendable, Hashable {
  /// A contiguous part of the file.
  public struct Segment: Sendable, Hashable {
    /// `prefix`, `wheel`, `code` or `directory`.
    public var kind: String
    /// The file name of a wheel.
    public var name: String
    /// SHA-256, 64 hexadecimal digits.
    public var digest: String
    /// Bytes.
    public var size: Int

    public init(kind: String, name: String, digest: String, size: Int) {
      self.kind = kind
      self.name = name
      self.digest = digest
      self.size = size
    }
  }

  /// A file of the workspace in the bundle.
  public struct File: Sendable, Hashable {
    /// The path in the bundle.
    public var path: String
    /// SHA-256 of the contents, 64 hexadecimal digits.
    public var digest: String
    /// Bytes.
    public var size: Int

    public init(path: String, digest: String, size: Int) {
      self.path = path
      self.digest = digest
      self.size = size
    }
  }

  public var artifact: String
  /// The full git commit.
  public var commit: String
  public var platform: String
  /// The digest that jobs pin.
  public var digest: String
  /// The address of the target.
  public var target: String?
  public var branch: String?
  public var isOnMain: Bool
  /// The program that built it, and the page of its CI run.
  public var builder: String
  public var buildURL: String?
  public var segments: [Segment]
  /// Nil if they are not known: `problem` says why.
  public var files: [File]?
  /// Why segments or files are missing.
  public var problem: String?

  public init(
    artifact: String, commit: String, platform: String, digest: String, target: String? = nil, branch: String? = nil,
    isOnMain: Bool = false, builder: String = "", buildURL: String? = nil, segments: [Segment] = [],
    files: [File]? = nil, problem: String? = nil
  ) {
    self.artifact = artifact
    self.commit = commit
    self.platform = platform
    self.digest = digest
    self.target = target
    self.branch = branch
    self.isOnMain = isOnMain
    self.builder = builder
    self.buildURL = buildURL
    self.segments = segments
    self.files = files
    self.problem = problem
  }

  public var wheels: [Segment] { segments.filter { $0.kind == "wheel" } }

  /// Whether these are the facts of the artifact of an instance.
  public func describes(_ reference: TaskArtifact) -> Bool {
    reference.name == artifact && reference.version == commit && reference.digest == digest
  }
}

extension BundleFacts: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      artifact: try fields.string("artifact"), commit: try fields.string("commit"),
      platform: try fields.string("platform"), digest: try fields.string("digest"),
      target: try fields.optionalString("target"), branch: try fields.optionalString("branch"),
      isOnMain: try fields.optionalBool("on_main") ?? false, builder: try fields.optionalString("builder") ?? "",
      buildURL: try fields.optionalString("build_url"), segments: try fields.list("segments"),
      files: json["files"] == nil ? nil : try fields.list("files"), problem: try fields.optionalString("problem"))
  }

  public var json: JSONValue {
    .fields([
      "artifact": .string(artifact), "commit": .string(commit), "platform": .string(platform),
      "digest": .string(digest), "target": .text(target), "branch": .text(branch), "on_main": .bool(isOnMain),
      "builder": .string(builder), "build_url": .text(buildURL), "segments": .array(segments.map(\.json)),
      "files": files.map { .array($0.map(\.json)) }, "problem": .text(problem),
    ])
  }
}

extension BundleFacts.Segment: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      kind: try fields.string("kind"), name: try fields.string("name"), digest: try fields.string("digest"),
      size: try fields.integer("size"))
  }

  public var json: JSONValue {
    .members([
      "kind": .string(kind), "name": .string(name), "digest": .string(digest), "size": .int(Int64(size)),
    ])
  }
}

extension BundleFacts.File: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      path: try fields.string("path"), digest: try fields.string("digest"), size: try fields.integer("size"))
  }

  public var json: JSONValue {
    .members(["path": .string(path), "digest": .string(digest), "size": .int(Int64(size))])
  }
}
