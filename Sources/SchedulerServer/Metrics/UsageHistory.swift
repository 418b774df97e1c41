internal import JobModel

/// Two hours of what the tasks of the cluster, and of each role, use beside their limits: rings of fixed size, for the pages.
struct UsageHistory {
  struct Point: Equatable {
    var time: Int64
    var cores: Double
    var memory: Int
    var tasks: Int
    /// The limits of these tasks together.
    var limits: Resources
  }

  /// The time between two points.
  static let interval = Duration.seconds(30)
  static let capacity = 240

  private var rings: [String: [Point]] = [:]
  private var cluster: [Point] = []
  private var cpuTimes: [TaskID: Duration] = [:]
  private var lastTime: Int64?

  /// The points of a role, or of the cluster, in order of time.
  func points(of role: String?) -> [Point] { role.map { rings[$0] ?? [] } ?? cluster }

  /// A task that has a place on the host.
  struct Usage {
    var task: TaskID
    var role: String
    var limits: Resources
    /// Nil before the first sample: the task counts with its limits alone.
    var sample: ResourceSample?
  }

  /// Adds a point for the cluster, and for each role that has tasks or had some within the two hours.
  mutating func add(_ tasks: [Usage], at time: Timestamp) {
    let elapsed = lastTime.map { time.milliseconds - $0 }
    // A clock that was set back.
    if let elapsed, elapsed <= 0 { return }
    let empty = Point(time: time.milliseconds, cores: 0, memory: 0, tasks: 0, limits: .zero)
    var (all, byRole) = (empty, [String: Point]())
    var seen: [TaskID: Duration] = [:]
    for task in tasks {
      var cores = 0.0
      if let sample = task.sample {
        seen[task.task] = sample.cpuTime
        // A task that was not seen before says how much it has used, and not since when.
        if let elapsed, let before = cpuTimes[task.task], sample.cpuTime > before {
          cores = Double((sample.cpuTime - before).milliseconds) / Double(elapsed)
        }
      }
      all.add(task, cores)
      byRole[task.role, default: empty].add(task, cores)
    }
    (cpuTimes, lastTime) = (seen, time.milliseconds)
    Self.append(all, to: &cluster)
    for role in Set(rings.keys).union(byRole.keys) {
      Self.append(byRole[role] ?? empty, to: &rings[role, default: []])
      if rings[role]?.allSatisfy({ $0.tasks == 0 }) == true { rings[role] = nil }
    }
  }

  private static func append(_ point: Point, to ring: inout [Point]) {
    ring.append(point)
    if ring.count > capacity { ring.removeFirst(ring.count - capacity) }
  }
}

extension UsageHistory.Point {
  fileprivate mutating func add(_ task: UsageHistory.Usage, _ cores: Double) {
    self.cores += cores
    memory += task.sample?.memory ?? 0
    tasks += 1
    limits += task.limits
  }
}

extension Graph {
  /// CPU, memory and number of the tasks of a role or a cluster, beside the sum of their limits.
  static func graphs(_ points: [UsageHistory.Point]) -> HTML {
    func series(_ value: (UsageHistory.Point) -> Double) -> [(time: Int64, value: Double)] {
      points.map { (time: $0.time, value: value($0)) }
    }
    let limits = points.last?.limits
    let pause = Int(UsageHistory.interval.components.seconds)
    var graphs = [
      Graph(title: "CPU of the tasks", points: series(\.cores), limit: limits?.cpu) {
        "\(Double(Int(($0 * 100).rounded())) / 100) cores"
      },
      Graph(title: "Memory of the tasks", points: series { Double($0.memory) }, limit: limits.map { Double($0.ram) }) {
        Parts.bytes(Int($0))
      }, Graph(title: "Tasks", points: series { Double($0.tasks) }, limit: nil) { "\(Int($0))" },
    ]
    for index in graphs.indices { graphs[index].pause = pause }
    return "<div class=\"graphs\">\(HTML(graphs.map(\.html)))</div>"
  }
}
