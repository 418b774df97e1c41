public import JSON

extension Container: JSONCodable {
  private enum Kind: String, CaseIterable { case mesos, docker }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    switch try fields.enumeration("kind", Kind.self) {
    case .mesos: self = .mesos(image: try fields.optionalObject("image"))
    case .docker: self = .docker(image: try fields.string("image"), parameters: try fields.list("parameters"))
    }
  }

  public var json: JSONValue {
    switch self {
    case .mesos(let image): .fields(["kind": "mesos", "image": image?.json])
    case .docker(let image, let parameters):
      .fields(["kind": "docker", "image": .string(image), "parameters": .listUnlessEmpty(parameters)])
    }
  }
}

extension Container.Image: JSONCodable {
  private enum Kind: String, CaseIterable { case docker, appc }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let name = try fields.string("name")
    switch try fields.enumeration("kind", Kind.self) {
    case .docker: self = .docker(name: name, tag: try fields.string("tag"))
    case .appc: self = .appc(name: name, imageID: try fields.string("image_id"))
    }
  }

  public var json: JSONValue {
    switch self {
    case .docker(let name, let tag): .members(["kind": "docker", "name": .string(name), "tag": .string(tag)])
    case .appc(let name, let imageID):
      .members(["kind": "appc", "name": .string(name), "image_id": .string(imageID)])
    }
  }
}

extension Container.Parameter: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(name: try fields.string("name"), value: try fields.string("value"))
  }

  public var json: JSONValue { .members(["name": .string(name), "value": .string(value)]) }
}

extension Volume: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(hostPath: try fields.string("host"), containerPath: try fields.string("at"))
    mode = try fields.optionalEnumeration("mode") ?? mode
  }

  public var json: JSONValue {
    .members(["host": .string(hostPath), "at": .string(containerPath), "mode": .raw(mode)])
  }
}
