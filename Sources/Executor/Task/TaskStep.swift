internal import Glibc
public import JSON
internal import JobModel
public import SystemSupport

/// The step of a pipeline that a task runs: the scheduler writes it beside the assignment, and the executor shows it to the
/// task's processes by files in the sandbox. docs/pipelines.md has the contract.
public struct TaskStep: Sendable, Hashable {
  /// Variables of the environment, without those that hold paths.
  public var variables: [String: String]
  /// The content of the input file.
  public var input: JSONValue

  /// The largest output that is kept; one byte more shows that it is larger.
  static let outputLimit = (64 << 10) + 1
  /// The directory in the sandbox, below the home of the task.
  static let directory = ".kilt-step"

  public init(variables: [String: String], input: JSONValue) {
    self.variables = variables
    self.input = input
  }

  init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(variables: try fields.stringDictionary("variables"), input: json["input"] ?? .null)
  }

  var json: JSONValue { .members(["variables": .dictionary(variables) { .string($0) }, "input": input]) }

  /// The variables of the environment; `home` is the sandbox as the task sees it.
  func environment(home: String, artifact: TaskArtifact?) -> [String: String] {
    let directory = home + "/" + Self.directory
    var variables = variables
    variables["KILT_INPUT"] = directory + "/input.json"
    variables["KILT_OUTPUT"] = directory + "/output.json"
    variables["KILT_HEARTBEAT"] = directory + "/heartbeat"
    if let artifact { variables["KILT_ARTIFACT"] = home + "/" + artifact.fileName }
    return variables
  }
}

extension TaskDirectory {
  /// Writes the step that the task runs; before the executor is started.
  public func create(_ step: TaskStep) throws(ExecutorError) {
    try PrivateFile.write(step.json.text(.compact), to: paths.step)
  }

  /// The output of the step as the executor has kept it; nil when there is none.
  public func stepOutput() throws(ExecutorError) -> [UInt8]? { try SmallFile.content(paths.stepOutput) }

  /// When the step has given its last sign of life, in nanoseconds since 1970; nil before the first.
  public func stepHeartbeat() throws(SystemCallError) -> Int64? {
    let path = FilePath(paths.sandbox).appending(TaskStep.directory).appending("heartbeat")
    return try FileSystem.statusIfPresent(of: path)?.modificationTime
  }
}

extension TaskRunner {
  /// The step that the task runs; nil for a task of no pipeline.
  static func step(_ paths: TaskPaths) throws(ExecutorError) -> TaskStep? {
    guard let bytes = try SmallFile.content(paths.step) else { return nil }
    do {
      return try TaskStep(json: JSONValue(parsing: bytes))
    } catch {
      throw .badAssignment(path: paths.step, problem: "\(error)")
    }
  }

  /// Makes the step's directory in the sandbox, with its input.
  func makeStepFiles() throws(ExecutorError) {
    guard let step else { return }
    let directory = paths.sandbox + "/" + TaskStep.directory
    if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .last("mkdir", directory) }
    let input = directory + "/input.json"
    try PrivateFile.write(step.input.text(.pretty) + "\n", to: input)
    guard settings.isRoot else { return }
    for path in [directory, input] {
      guard chown(path, settings.user.id, settings.user.group) == 0 else { throw .last("chown", path) }
    }
  }

  /// Keeps what the step has put out, where the task cannot change it any more. Nothing of the task runs now.
  ///
  /// - Throws: when it cannot be read or kept: the task has not done what it should then.
  func keepStepOutput() throws(ExecutorError) {
    guard step != nil, let bytes = try stepOutputBytes() else { return }
    do throws(SystemCallError) {
      try FileSystem.write(bytes, to: FilePath(paths.stepOutput), permissions: 0o600)
    } catch {
      throw ExecutorError(error, path: paths.stepOutput)
    }
  }

  /// The output file, at most one byte more than an output may have. The task owns the directory: no link is followed, and
  /// what is no regular file is an output that nobody accepts.
  private func stepOutputBytes() throws(ExecutorError) -> [UInt8]? {
    let path = paths.sandbox + "/" + TaskStep.directory
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard directory >= 0 else {
      if errno == ENOENT { return nil }
      if errno == ELOOP || errno == ENOTDIR { return Array("null".utf8) }
      throw .last("open", path)
    }
    defer { close(directory) }
    let file = openat(directory, "output.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      if errno == ELOOP || errno == ENXIO { return Array("null".utf8) }
      throw .last("open", path + "/output.json")
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .last("fstat", path + "/output.json") }
    guard status.st_mode & S_IFMT == S_IFREG else { return Array("null".utf8) }
    do throws(SystemCallError) {
      let size = min(UInt64(max(0, status.st_size)), UInt64(TaskStep.outputLimit))
      return try FileSystem.read(FileDescriptor(rawValue: file), 0..<size)
    } catch {
      throw ExecutorError(error, path: path + "/output.json")
    }
  }
}
