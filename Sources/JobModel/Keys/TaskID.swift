/// One run of one instance. Never reused: a replacement has a new one. A valid file name.
public struct TaskID: Sendable, Hashable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
  public var rawValue: String

  public init(_ rawValue: String) { self.rawValue = rawValue }
  public init(stringLiteral value: String) { rawValue = value }

  public var description: String { rawValue }

  public static func < (left: TaskID, right: TaskID) -> Bool { left.rawValue < right.rawValue }
}

/// One update of one job.
public struct UpdateID: Sendable, Hashable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
  public var rawValue: String

  public init(_ rawValue: String) { self.rawValue = rawValue }
  public init(stringLiteral value: String) { rawValue = value }

  public var description: String { rawValue }

  public static func < (left: UpdateID, right: UpdateID) -> Bool { left.rawValue < right.rawValue }
}
