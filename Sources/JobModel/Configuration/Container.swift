/// The container that Aurora would run a task in. One machine runs tasks in the executor's own sandbox: a container with
/// an image is refused at submission.
public enum Container: Sendable, Hashable {
  /// Mesos' own containers (Aurora: `Mesos`); without an image, the sandbox on the host's file system.
  case mesos(image: Image?)
  /// A container of the Docker engine, with parameters for `docker run`.
  case docker(image: String, parameters: [Parameter])

  public enum Image: Sendable, Hashable {
    case docker(name: String, tag: String)
    case appc(name: String, imageID: String)

    /// The image as people write it.
    public var description: String {
      switch self {
      case .docker(let name, let tag): "\(name):\(tag)"
      case .appc(let name, let imageID): "\(name) (\(imageID))"
      }
    }
  }

  public struct Parameter: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The image that the container needs; nil for the sandbox itself.
  public var imageDescription: String? {
    switch self {
    case .mesos(let image): image?.description
    case .docker(let image, _): image
    }
  }
}

/// A directory of the host that a task sees in its sandbox (Aurora: `Volume`).
public struct Volume: Sendable, Hashable {
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    case readOnly = "ro"
    case readWrite = "rw"
  }

  /// An absolute path on the host. The scheduler's policy says which roles can use which paths.
  public var hostPath: String
  /// The place in the sandbox: an absolute path, or one relative to its root.
  public var containerPath: String
  public var mode: Mode

  public init(hostPath: String, containerPath: String, mode: Mode = .readOnly) {
    self.hostPath = hostPath
    self.containerPath = containerPath
    self.mode = mode
  }

  /// The place as an absolute path: a relative one is below the root of the sandbox.
  public var absolutePlace: String { containerPath.hasPrefix("/") ? containerPath : "/" + containerPath }

  /// Whether a volume can use the path: neither one of the sandbox's own, which a task could have filled with links,
  /// nor one from which the host's programs are read.
  public var hasFreePlace: Bool {
    let parts = absolutePlace.split(separator: "/")
    guard let top = parts.first, !parts.contains(".."), !parts.contains(".") else { return false }
    if top == "var" { return parts.count > 1 && parts[1] != "tmp" && parts[1] != "run" }
    return !Volume.takenPlaces.contains(String(top))
  }

  private static let takenPlaces: Set<String> = [
    "artifacts", "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sandbox", "sbin",
    "sys",
    "tmp", "usr",
  ]

  /// `HOST -> PLACE (MODE)`, for plans and pages.
  public var description: String { "\(hostPath) -> \(containerPath) (\(mode.rawValue))" }
}

/// A secret that a task reads from a file in memory. Only its name and where the scheduler finds it are part of the job;
/// the value never is.
public struct Secret: Sendable, Hashable {
  /// The name of the file below `secrets/` of the task's directory.
  public var name: String
  /// The reference that the scheduler's host looks up: a path below its root-only directory, or the argument of its
  /// command.
  public var reference: String

  public init(name: String, reference: String) {
    self.name = name
    self.reference = reference
  }

  /// Whether a reference is a relative path of ordinary names, which cannot leave the directory of secrets.
  public static func isReference(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return !text.isEmpty && text.utf8.count <= 1024 && parts.allSatisfy { JobKey.isIdentifier(String($0)) }
  }
}
