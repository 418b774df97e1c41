import JobModel

extension ProcessGraph {
  /// Refuses processes that no order of execution can satisfy or no file system can hold: duplicate names, names unfit
  /// for a directory of logs, constraints on unknown processes, and constraints between the two stages.
  static func check(_ task: TaskConfiguration) throws(ExecutorError) {
    var isFinal: [String: Bool] = [:]
    for process in task.processes {
      guard isFileName(process.name) else {
        throw .badProcessGraph("the process name \"\(process.name)\" in task \"\(task.name)\" is not a valid file name")
      }
      guard isFinal.updateValue(process.final, forKey: process.name) == nil else {
        throw .badProcessGraph("task \"\(task.name)\" has two processes named \"\(process.name)\"")
      }
    }
    if task.processes.isEmpty { throw .badProcessGraph("task \"\(task.name)\" has no processes") }
    for constraint in task.constraints {
      for name in constraint.order where isFinal[name] == nil {
        throw .badProcessGraph(
          "a constraint of task \"\(task.name)\" names the process \"\(name)\", which does not exist")
      }
      for (before, after) in zip(constraint.order, constraint.order.dropFirst()) where isFinal[before] != isFinal[after]
      {
        throw .badProcessGraph(
          "task \"\(task.name)\" orders \"\(before)\" before \"\(after)\", but only one of them is a final process")
      }
    }
  }

  /// One path component, without surprises for those who list or print it.
  static func isFileName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 255 && name != "." && name != ".."
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7f }
  }

  /// Some cycle of the relation, first position repeated at the end; nil when there is none.
  static func cycle(in predecessors: [Set<Int>]) -> [Int]? {
    enum Mark { case new, open, done }
    var marks = Array(repeating: Mark.new, count: predecessors.count)
    var path: [Int] = []
    func visit(_ node: Int) -> [Int]? {
      switch marks[node] {
      case .done: return nil
      case .open:
        let start = path.firstIndex(of: node) ?? 0
        return (path[start...] + [node]).reversed()
      case .new: break
      }
      marks[node] = .open
      path.append(node)
      for before in predecessors[node].sorted() {
        if let found = visit(before) { return found }
      }
      path.removeLast()
      marks[node] = .done
      return nil
    }
    for node in predecessors.indices {
      if let found = visit(node) { return found }
    }
    return nil
  }
}
