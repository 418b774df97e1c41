/// The hosts that an instance can run on, by an attribute of the host (Aurora: `constraints`).
public struct PlacementConstraint: Sendable, Hashable {
  public enum Rule: Sendable, Hashable {
    /// At most this many instances of the job on hosts with one value of the attribute.
    case limit(Int)
    /// The attribute has one of the values, or none of them if negated.
    case values([String], isNegated: Bool)
  }

  /// `host`, `rack`, `dedicated` or any other name.
  public var attribute: String
  public var rule: Rule

  public init(attribute: String, rule: Rule) {
    self.attribute = attribute
    self.rule = rule
  }

  /// Parses Aurora's spelling: `limit:2`, `a,b`, `!a,b`; nil for a limit that is not a positive number, or an empty text.
  public init?(attribute: String, parsing text: String) {
    if text.hasPrefix("limit:") {
      guard let limit = Int(text.dropFirst("limit:".count)), limit > 0 else { return nil }
      self.init(attribute: attribute, rule: .limit(limit))
      return
    }
    let isNegated = text.hasPrefix("!")
    let values = (isNegated ? text.dropFirst() : text[...]).split(separator: ",", omittingEmptySubsequences: false)
    guard values.allSatisfy({ !$0.isEmpty }), !attribute.isEmpty else { return nil }
    self.init(attribute: attribute, rule: .values(values.map(String.init), isNegated: isNegated))
  }

  /// Aurora's spelling of the rule.
  public var text: String {
    switch rule {
    case .limit(let limit): "limit:\(limit)"
    case .values(let values, let isNegated): (isNegated ? "!" : "") + values.joined(separator: ",")
    }
  }

  /// Whether all `instances` can run on one host with these attributes.
  ///
  /// As in Aurora, a host without the attribute meets only a negated rule.
  public func isMet(on attributes: [String: String], instances: Int) -> Bool {
    let value = attributes[attribute]
    switch rule {
    case .limit(let limit): return value != nil && instances <= limit
    case .values(let values, let isNegated): return value.map(values.contains) == true ? !isNegated : isNegated
    }
  }
}
