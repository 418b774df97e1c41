import Diagnostics

/// Builds the tree from events, following aliases within the limits.
struct Composer {
  /// A finished node with its cost: nodes with aliases followed, and levels below it.
  private struct Built {
    var node: YAMLNode
    var nodes: Int
    var height: Int
  }

  private let events: EventStream
  private let lines: SourceLines
  private let limits: YAMLLimits
  private var anchors: [String: Built] = [:]
  /// Anchors of nodes that are not finished.
  private var open: [String] = []
  private var nodes = 0
  private var yaml11 = false

  init(bytes: [UInt8], lines: SourceLines, limits: YAMLLimits) throws(YAMLError) {
    self.events = try EventStream(bytes: bytes, lines: lines)
    self.lines = lines
    self.limits = limits
  }

  mutating func compose() throws(YAMLError) -> YAMLNode {
    var root: YAMLNode?
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd:
        return root ?? YAMLNode(.scalar(YAMLScalar(text: "", content: .null, isPlain: true)))
      case .documentStart(let yaml11):
        guard root == nil else { throw error(.severalDocuments, event) }
        self.yaml11 = yaml11
        root = try build(try events.next(), depth: 0).node
      default: break
      }
    }
  }

  private func error(_ kind: YAMLError.Kind, _ event: YAMLEvent) -> YAMLError {
    YAMLError(kind, at: lines.location(line: event.line, column: event.column, length: event.length))
  }

  private func error(_ kind: YAMLError.Kind, _ node: YAMLNode) -> YAMLError {
    YAMLError(kind, at: lines.location(line: node.line, column: node.column, length: node.length))
  }

  private mutating func count(_ added: Int, _ event: YAMLEvent) throws(YAMLError) {
    nodes += added
    guard nodes <= limits.nodes else { throw error(.tooManyNodes(limit: limits.nodes), event) }
  }

  private mutating func build(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Built {
    if case .alias = event.kind { return try follow(event, depth: depth) }
    try count(1, event)
    if let anchor = event.anchor {
      if let first = anchors[anchor] { throw error(.duplicateAnchor(anchor, firstLine: first.node.line), event) }
      if open.contains(anchor) { throw error(.duplicateAnchor(anchor, firstLine: event.line), event) }
      open.append(anchor)
    }
    var built = Built(node: YAMLNode(.sequence([]), line: event.line, column: event.column), nodes: 1, height: 0)
    switch event.kind {
    case .scalar(let text, let isPlain):
      built.node.length = event.length
      built.node.value = .scalar(try scalar(text, isPlain: isPlain, event))
    case .sequenceStart:
      try checkTag(event, "seq")
      built.node.value = .sequence(try children(of: event, into: &built, depth: depth))
    case .mappingStart:
      try checkTag(event, "map")
      built.node.value = .mapping(try entries(of: event, into: &built, depth: depth))
    default:
      throw error(.syntax(context: "", problem: "unexpected event"), event)
    }
    if let anchor = event.anchor {
      open.removeAll { $0 == anchor }
      anchors[anchor] = built
    }
    return built
  }

  private mutating func follow(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Built {
    let name = event.anchor ?? ""
    guard let built = anchors[name] else {
      throw error(open.contains(name) ? .recursiveAlias(name) : .undefinedAlias(name), event)
    }
    try count(built.nodes, event)
    guard depth + built.height <= limits.depth else { throw error(.tooDeep(limit: limits.depth), event) }
    return built
  }

  /// The nodes up to the end of the collection that `event` begins.
  private mutating func children(of event: YAMLEvent, into built: inout Built, depth: Int) throws(YAMLError)
    -> [YAMLNode]
  {
    guard depth < limits.depth else { throw error(.tooDeep(limit: limits.depth), event) }
    var children: [YAMLNode] = []
    while true {
      let next = try events.next()
      if case .end = next.kind { break }
      let child = try build(next, depth: depth + 1)
      built.nodes += child.nodes
      built.height = max(built.height, child.height + 1)
      children.append(child.node)
    }
    return children
  }

  private mutating func entries(of event: YAMLEvent, into built: inout Built, depth: Int) throws(YAMLError)
    -> [YAMLEntry]
  {
    let nodes = try children(of: event, into: &built, depth: depth)
    var entries: [YAMLEntry] = []
    var seen: [String: Int] = [:]
    var merges: [YAMLNode] = []
    for index in stride(from: 0, to: nodes.count - 1, by: 2) {
      let key = nodes[index]
      guard let scalar = key.scalar else { throw error(.keyNotScalar, key) }
      if scalar.isPlain, scalar.text == "<<" {
        merges.append(nodes[index + 1])
        continue
      }
      if let first = seen.updateValue(key.line, forKey: scalar.text) {
        throw error(.duplicateKey(scalar.text, firstLine: first), key)
      }
      entries.append(YAMLEntry(key: key, value: nodes[index + 1]))
    }
    try merge(merges, into: &entries, seen: &seen)
    return entries
  }

  /// The merge key of YAML 1.1 (yaml.org/type/merge): keys written in the mapping win, then the earlier mapping.
  private func merge(
    _ merges: [YAMLNode], into entries: inout [YAMLEntry], seen: inout [String: Int]
  ) throws(YAMLError) {
    for node in merges {
      for source in node.sequence ?? [node] {
        guard let merged = source.mapping else { throw error(.badMerge, source) }
        for entry in merged where seen.updateValue(entry.key.line, forKey: entry.key.scalar?.text ?? "") == nil {
          entries.append(entry)
        }
      }
    }
  }

  private static let core = "tag:yaml.org,2002:"

  private func checkTag(_ event: YAMLEvent, _ wanted: String) throws(YAMLError) {
    guard let tag = event.tag, tag != "!", tag != Self.core + wanted else { return }
    throw error(.unsupportedTag(tag), event)
  }

  private func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) throws(YAMLError) -> YAMLScalar {
    var scalar = YAMLScalar(text: text, content: .string, isPlain: isPlain)
    guard let tag = event.tag else {
      if isPlain { scalar.content = ScalarResolution.content(of: text, yaml11: yaml11) }
      return scalar
    }
    if tag == "!" || tag == Self.core + "str" { return scalar }
    guard tag.hasPrefix(Self.core) else { throw error(.unsupportedTag(tag), event) }
    let name = String(tag.dropFirst(Self.core.count))
    let content = ScalarResolution.content(of: text, yaml11: yaml11)
    switch (name, content) {
    case ("null", .null), ("bool", .bool), ("int", .int), ("float", .float): scalar.content = content
    case ("float", .int(let number)): scalar.content = .float(Double(number))
    case ("null", _), ("bool", _), ("int", _), ("float", _): throw error(.notOfTag(name, text: text), event)
    default: throw error(.unsupportedTag(tag), event)
    }
    return scalar
  }
}
