public import JobModel

/// A job configuration that many records share: a copy of a record copies one reference.
public struct SharedConfiguration: Sendable, Hashable {
  private final class Box: Sendable {
    let value: JobConfiguration
    let requiredPorts: [String]

    init(_ value: JobConfiguration) {
      self.value = value
      requiredPorts = value.requiredPorts
    }
  }

  private let box: Box

  public init(_ value: JobConfiguration) { box = Box(value) }

  public var value: JobConfiguration { box.value }

  /// The names of the ports that its command lines use: found once, not at each look.
  var requiredPorts: [String] { box.requiredPorts }

  /// Identifies the shared object while a value that holds it exists.
  public var identity: ObjectIdentifier { ObjectIdentifier(box) }

  /// Whether both are one object: cheaper than equality, which follows from identity.
  func isIdentical(to other: SharedConfiguration) -> Bool { box === other.box }

  public static func == (left: SharedConfiguration, right: SharedConfiguration) -> Bool {
    left.box === right.box || left.box.value == right.box.value
  }

  public func hash(into hasher: inout Hasher) { box.value.hash(into: &hasher) }
}
