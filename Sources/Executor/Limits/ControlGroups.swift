import Glibc

/// The places on this machine where control groups can be created, and the operations that both versions share.
struct ControlGroups {
  /// The mounted hierarchy of each version 1 controller, with the group this process is in: the place for children.
  private(set) var version1: [String: String] = [:]
  /// The mount of version 2 and the group this process is in below it.
  private(set) var version2: (mount: String, own: String)?

  static let controllers = ["memory", "cpu", "cpuacct", "pids"]

  /// Reads the facts of `/proc` about this process.
  static func current() -> ControlGroups {
    ControlGroups(
      mountInfo: SmallFile.read("/proc/self/mountinfo") ?? "", ownGroups: SmallFile.read("/proc/self/cgroup") ?? "")
  }

  /// Parses the texts of `/proc/self/mountinfo` and `/proc/self/cgroup` (proc(5), cgroups(7)).
  init(mountInfo: String, ownGroups: String) {
    var own: [String: String] = [:]
    for line in ownGroups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
        own[String(controller)] = String(parts[2])
      }
    }
    for line in mountInfo.split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      guard let separator = fields.firstIndex(of: "-"), separator >= 6, fields.count > separator + 3 else { continue }
      let mount = Mount(root: fields[3], point: fields[4])
      switch fields[separator + 1] {
      case "cgroup2":
        if let path = own[""] { version2 = (mount.point, mount.place(of: path)) }
      case "cgroup":
        let options = fields[separator + 3].split(separator: ",").map(String.init)
        for controller in options where ControlGroups.controllers.contains(controller) {
          if let path = own[controller] { version1[controller] = mount.place(of: path) }
        }
      default: break
      }
    }
  }

  /// A mount shows a part of the hierarchy: in a container, the container's own.
  private struct Mount {
    var root: String
    var point: String

    func place(of group: String) -> String {
      var below = group
      if root != "/", group == root || group.hasPrefix(root + "/") { below = String(group.dropFirst(root.count)) }
      return below == "/" ? point : point + below
    }
  }

  /// Creates the group of a task below the group `parent`. A relative `parent` is created below this process's own
  /// group, so that limits on the scheduler's service apply to its tasks; an absolute one begins at the mount.
  ///
  /// - Throws: ``ExecutorError`` if no controller can be used; groups created so far are removed again.
  func makeGroup(named name: String, parent: String, limits: ControlGroupLimits) throws(ExecutorError)
    -> any ControlGroup
  {
    if version1["memory"] != nil || version1["pids"] != nil || version1["cpu"] != nil {
      return try makeVersion1(name: name, parent: parent, limits: limits)
    }
    guard let version2 else {
      throw .system(call: "search", path: "/sys/fs/cgroup", code: ENOENT)
    }
    return try makeVersion2(name: name, parent: parent, limits: limits, mount: version2.mount, own: version2.own)
  }

  private func makeVersion1(name: String, parent: String, limits: ControlGroupLimits) throws(ExecutorError)
    -> ControlGroupV1
  {
    let parents = version1.mapValues { $0 + "/" + parent }
    // Another executor that ends can remove the empty parent between the creation of the parent and of the group.
    var attempt = 0
    while true {
      do throws(ExecutorError) {
        for directory in Set(parents.values) { try ControlGroups.makeDirectories(directory) }
        return try ControlGroupV1(
          name: name, parents: parents, unified: makeUnified(name: name, parent: parent), limits: limits)
      } catch {
        for directory in Set(parents.values) { _ = ControlGroups.removeDirectory(directory + "/" + name) }
        guard case .system(_, _, ENOENT) = error, attempt < 10 else { throw error }
        attempt += 1
      }
    }
  }

  /// Creates the group of a task in the hierarchy of version 2 that is mounted beside version 1; nil if that is not
  /// possible.
  private func makeUnified(name: String, parent: String) -> String? {
    guard let version2 else { return nil }
    let directory = (parent.hasPrefix("/") ? version2.mount : version2.own + "/") + parent
    do throws(ExecutorError) {
      try ControlGroups.makeDirectories(directory)
      try ControlGroups.makeDirectory(directory + "/" + name)
      return directory + "/" + name
    } catch {
      return nil
    }
  }

  /// A group of version 2 with processes in it cannot have children with controllers, so the place is sought upwards
  /// from this process's own group; systemd's `Delegate=yes` and containers both leave one.
  private func makeVersion2(
    name: String, parent: String, limits: ControlGroupLimits, mount: String, own: String
  ) throws(ExecutorError) -> ControlGroupV2 {
    var candidates: [String] = []
    if parent.hasPrefix("/") {
      candidates = [mount]
    } else {
      var place = own
      while place.count >= mount.count {
        candidates.append(place)
        guard place != mount, let slash = place.lastIndex(of: "/") else { break }
        place = String(place[..<slash])
      }
    }
    var first: ExecutorError?
    for candidate in candidates {
      let directory = candidate + "/" + parent
      do {
        try ControlGroups.enableControllers(in: candidate)
        try ControlGroups.makeDirectories(directory)
        try ControlGroups.enableControllers(in: directory)
        return try ControlGroupV2(name: name, parent: directory, limits: limits)
      } catch {
        _ = ControlGroups.removeDirectory(directory + "/" + name)
        _ = ControlGroups.removeDirectory(directory)
        if first == nil { first = error }
      }
    }
    throw first ?? .system(call: "search", path: mount, code: ENOENT)
  }

  /// Switches the controllers on for the children of a version 2 group.
  private static func enableControllers(in directory: String) throws(ExecutorError) {
    let enabled = Set(
      (SmallFile.read(directory + "/cgroup.subtree_control") ?? "").split(whereSeparator: \.isWhitespace))
    for controller in ["memory", "cpu", "pids"] where !enabled.contains(Substring(controller)) {
      try SmallFile.write("+\(controller)", to: directory + "/cgroup.subtree_control")
    }
  }

  /// Returns the processes in the member files, each once. A group that does not exist has none.
  ///
  /// - Throws: ``ExecutorError`` if a file cannot be read: its group can have members.
  static func members(of files: [String]) throws(ExecutorError) -> [Int32] {
    var found: Set<Int32> = []
    for file in files {
      var content: [UInt8]?
      do throws(ExecutorError) {
        content = try SmallFile.content(file)
      } catch .system(_, _, ENODEV) {
        // The group was removed between open and read.
        content = nil
      }
      for line in String(decoding: content ?? [], as: UTF8.self).split(separator: "\n") {
        if let id = Int32(line), id > 0 { found.insert(id) }
      }
    }
    return found.sorted()
  }

  static func makeDirectories(_ path: String) throws(ExecutorError) {
    if SmallFile.exists(path) { return }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeDirectories(String(path[..<slash]))
    }
    try makeDirectory(path)
  }

  /// Creates a directory; an existing one is accepted.
  static func makeDirectory(_ path: String) throws(ExecutorError) {
    if mkdir(path, 0o755) != 0, errno != EEXIST { throw .last("mkdir", path) }
  }

  /// True when the directory is gone.
  static func removeDirectory(_ path: String) -> Bool { rmdir(path) == 0 || errno == ENOENT }

  /// Removes the groups that held a task's, where no other task is in them.
  static func removeParents(of directories: [String]) {
    for directory in directories {
      if let slash = directory.lastIndex(of: "/") { _ = removeDirectory(String(directory[..<slash])) }
    }
  }
}
