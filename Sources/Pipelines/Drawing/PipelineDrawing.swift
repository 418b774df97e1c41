internal import MarkupText

/// The graph of a pipeline, as text and as SVG, with the state of each step where there is a run.
public struct PipelineDrawing: Sendable {
  /// What stands beside a step.
  public struct Note: Sendable, Hashable {
    public var status: StepRun.Status?
    public var text: String

    public init(status: StepRun.Status? = nil, text: String) {
      self.status = status
      self.text = text
    }
  }

  private let steps: [PipelineStep]
  private let notes: [Note]
  private let graph: PipelineGraph
  private let levels: [Int]

  public init(_ definition: PipelineDefinition) {
    self.init(definition.steps, definition.steps.map { Note(text: $0.partitions.text) })
  }

  public init(_ run: PipelineRun) {
    self.init(
      run.definition.steps,
      run.steps.map { step in Note(status: step.status, text: step.progressText) })
  }

  private init(_ steps: [PipelineStep], _ notes: [Note]) {
    self.steps = steps
    self.notes = notes
    graph = PipelineGraph(steps)
    levels = graph.levels
  }

  /// A line for each step, in an order in which it can run, indented by its level.
  public var text: String {
    var lines: [String] = []
    for position in graph.order ?? Array(steps.indices) {
      var line = String(repeating: "  ", count: levels[position]) + steps[position].name
      if !notes[position].text.isEmpty { line += "  [\(notes[position].text)]" }
      let needs = graph.needs[position].map { steps[$0].name }
      if !needs.isEmpty { line += "  after \(needs.joined(separator: ", "))" }
      lines.append(line)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static let width = 190
  private static let height = 46
  private static let gapX = 60
  private static let gapY = 22

  /// A drawing of boxes from left to right, without scripts and outside references.
  public var svg: String {
    var rows: [Int: Int] = [:]
    var places: [(x: Int, y: Int)] = steps.map { _ in (0, 0) }
    for position in graph.order ?? Array(steps.indices) {
      let level = levels[position]
      let row = rows[level, default: 0]
      rows[level] = row + 1
      places[position] = (10 + level * (Self.width + Self.gapX), 10 + row * (Self.height + Self.gapY))
    }
    let width = (places.map(\.x).max() ?? 0) + Self.width + 10
    let height = (places.map(\.y).max() ?? 0) + Self.height + 10
    var svg = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" \
      font-family="sans-serif" font-size="13">
      <defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">\
      <path d="M0 0 L8 4 L0 8 z" fill="#777"/></marker></defs>

      """
    for position in steps.indices {
      for needed in graph.needs[position] {
        let (x1, y1) = (places[needed].x + Self.width, places[needed].y + Self.height / 2)
        let (x2, y2) = (places[position].x, places[position].y + Self.height / 2)
        let middle = (x1 + x2) / 2
        svg += """
          <path d="M\(x1) \(y1) C\(middle) \(y1) \(middle) \(y2) \(x2) \(y2)" fill="none" stroke="#777" \
          marker-end="url(#end)"/>

          """
      }
    }
    for position in steps.indices {
      let (x, y) = places[position]
      let status = notes[position].status
      svg += """
        <g><title>\(MarkupText.content(steps[position].name))</title>\
        <rect x="\(x)" y="\(y)" width="\(Self.width)" height="\(Self.height)" rx="6" \
        fill="\(Self.color(status))" stroke="#555"/>\
        <text x="\(x + 10)" y="\(y + 19)" style="fill:#1c2128;font-size:13px;font-weight:bold">\(MarkupText.content(Self.short(steps[position].name)))</text>\
        <text x="\(x + 10)" y="\(y + 36)" style="fill:#444;font-size:12px">\(MarkupText.content(Self.short(notes[position].text)))</text></g>

        """
    }
    return svg + "</svg>\n"
  }

  private static func color(_ status: StepRun.Status?) -> String {
    switch status {
    case nil, .waiting: "#f4f4f4"
    case .running: "#cfe3ff"
    case .succeeded: "#d3f0d3"
    case .failed: "#f8cfcf"
    case .skipped, .excluded: "#e4e4e4"
    case .cancelled: "#f6e3bf"
    }
  }

  private static func short(_ text: String) -> String { text.count > 25 ? text.prefix(24) + "…" : text }
}

extension PipelineStep.Partitions {
  /// What a drawing says of them; empty for a step without partitions.
  public var text: String {
    switch self {
    case .none: ""
    case .count(let count): "\(count) partitions"
    case .list(let names): "\(names.count) partitions"
    case .output(let step, let key): "a partition for each of \(step).\(key)"
    }
  }
}

extension StepRun {
  /// How far the step is, such as `failed, 3 of 5`.
  public var progressText: String {
    guard let partitions, partitions.count != 1 || partitions.first?.name != "" else { return status.rawValue }
    return "\(status.rawValue), \(partitions.count { $0.status == .succeeded }) of \(partitions.count)"
  }
}
