public import JSON

/// The origin of a process, a port, an instance or a bundle: the instance that runs it, its release, and the user who
/// deployed it. In the form of the API.
public struct Whence: Sendable, Hashable {
  public var instance: InstanceStatus
  public var key: JobKey
  public var release: Release
  /// The host's process that was asked for.
  public var pid: Int32?

  public init(key: JobKey, instance: InstanceStatus, release: Release, pid: Int32? = nil) {
    self.key = key
    self.instance = instance
    self.release = release
    self.pid = pid
  }
}

extension Whence: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      key: try fields.jobKey("key"), instance: try fields.object("instance"), release: try fields.object("release"),
      pid: try fields.optionalInteger("pid"))
  }

  public var json: JSONValue {
    .fields([
      "key": .string(key.description), "instance": instance.json, "release": release.json, "pid": .integer(pid),
    ])
  }
}

/// The instances that match a question, and the facts of their bundles, each once. In the form of the API.
public struct WhenceAnswer: Sendable, Hashable {
  public var found: [Whence]
  public var manifests: [BundleFacts]

  public init(found: [Whence] = [], manifests: [BundleFacts] = []) {
    self.found = found
    self.manifests = manifests
  }

  /// The facts of the bundles that an instance runs.
  public func manifests(of whence: Whence) -> [BundleFacts] {
    manifests.filter { facts in whence.instance.artifacts.contains(where: facts.describes) }
  }
}

extension WhenceAnswer: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(found: try fields.list("found"), manifests: try fields.list("manifests"))
  }

  public var json: JSONValue {
    .members(["found": .array(found.map(\.json)), "manifests": .array(manifests.map(\.json))])
  }
}
