import Glibc
import SystemSupport
import Testing

@testable import Executor

/// Where groups are made and what is written into them, in a directory that stands for the kernel's.
final class ControlGroupTests {
  private let root: String

  init() throws {
    var template = Array("/tmp/kilt-cgroup-test.XXXXXX".utf8CString)
    root = String(cString: try #require(mkdtemp(&template)))
  }

  deinit {
    do { try FileSystem.removeTree(FilePath(root)) } catch { Issue.record("cannot clean up: \(error)") }
  }

  private let limits = ControlGroupLimits(milliCPU: 1500, memory: 256 << 20, processes: 64)

  private func read(_ path: String) -> String? { SmallFile.read(root + "/" + path) }

  @Test func version2TakesTheNextGroupUpwardsThatMayHaveChildren() throws {
    try FileSystem.createDirectories(FilePath(root + "/system.slice/kilt.service"))
    // The scheduler's own group has processes in it: the kernel refuses controllers for its children.
    try FileSystem.createDirectories(FilePath(root + "/system.slice/kilt.service/cgroup.subtree_control"))
    let groups = ControlGroups(
      mountInfo: "30 24 0:26 / \(root) rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
      ownGroups: "0::/system.slice/kilt.service\n")
    let group = try groups.makeGroup(named: "task-1", parent: "kilt", limits: limits)
    #expect(group.directories == [root + "/system.slice/kilt/task-1"])
    #expect(group.memberFiles == [root + "/system.slice/kilt/task-1/cgroup.procs"])
    let directory = "system.slice/kilt/task-1/"
    // The quota comes when the task has started.
    #expect(!SmallFile.exists(root + "/" + directory + "cpu.max"))
    try group.limitCPU(limits)
    #expect(read(directory + "memory.max") == "\(256 << 20)")
    #expect(read(directory + "cpu.max") == "150000 100000")
    #expect(read(directory + "cpu.weight") == "150")
    #expect(read(directory + "pids.max") == "64")
    // One controller a write; the last one is left in a plain file.
    #expect(read("system.slice/cgroup.subtree_control") == "+pids")
    #expect(read("system.slice/kilt/cgroup.subtree_control") == "+pids")
  }

  @Test func anAbsoluteParentBeginsAtTheMountAndAContainersMountAtItsOwnGroup() throws {
    let groups = ControlGroups(
      mountInfo: "30 24 0:26 /docker/abc \(root) rw - cgroup2 cgroup rw\n", ownGroups: "0::/docker/abc/inner\n")
    #expect(groups.version2?.own == root + "/inner")
    let group = try groups.makeGroup(named: "t", parent: "/tasks", limits: limits)
    #expect(group.directories == [root + "//tasks/t"] || group.directories == [root + "/tasks/t"])
  }

  @Test func version2ReadsUsageAndKills() throws {
    let groups = ControlGroups(
      mountInfo: "30 24 0:26 / \(root) rw - cgroup2 cgroup rw\n", ownGroups: "0::/\n")
    let group = try groups.makeGroup(named: "t", parent: "kilt", limits: limits)
    let directory = group.directories[0]
    try SmallFile.write(
      "low 0\nhigh 0\nmax 17\noom 2\noom_kill 1\noom_group_kill 0\n", to: directory + "/memory.events")
    try SmallFile.write("usage_usec 1500000\nuser_usec 1\n", to: directory + "/cpu.stat")
    try SmallFile.write("anon 4096\nfile 100000\n", to: directory + "/memory.stat")
    try SmallFile.write("5\n", to: directory + "/pids.current")
    try SmallFile.write("12\n7\n", to: directory + "/cgroup.procs")
    #expect(group.outOfMemoryKills() == 1)
    #expect(group.usage() == ControlGroupUsage(cpu: .milliseconds(1500), memory: 4096))
    #expect(group.processCount() == 5)
    #expect(try group.members() == [7, 12])
  }

  @Test func version1UsesEachHierarchyBelowItsOwnGroup() throws {
    for name in ["memory/own", "cpu,cpuacct", "pids"] { try FileSystem.createDirectories(FilePath("\(root)/\(name)")) }
    let groups = ControlGroups(
      mountInfo: """
        32 31 0:29 / \(root)/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        33 31 0:30 / \(root)/memory rw,relatime shared:9 - cgroup cgroup rw,memory
        34 31 0:31 / \(root)/pids rw,relatime - cgroup cgroup rw,pids
        35 31 0:32 / \(root)/freezer rw,relatime - cgroup cgroup rw,freezer
        36 31 0:33 / \(root)/unified rw,relatime - cgroup2 cgroup2 rw
        """,
      ownGroups: "8:pids:/\n5:freezer:/\n4:memory:/own\n2:cpu,cpuacct:/\n0::/\n")
    let group = try groups.makeGroup(named: "t", parent: "kilt", limits: limits)
    #expect(
      group.directories == [
        "\(root)/cpu,cpuacct/kilt/t", "\(root)/memory/own/kilt/t", "\(root)/pids/kilt/t", "\(root)/unified/kilt/t",
      ])
    try group.limitCPU(limits)
    #expect(read("memory/own/kilt/t/memory.limit_in_bytes") == "\(256 << 20)")
    #expect(read("cpu,cpuacct/kilt/t/cpu.cfs_quota_us") == "150000")
    #expect(read("cpu,cpuacct/kilt/t/cpu.shares") == "1536")
    #expect(read("pids/kilt/t/pids.max") == "64")
  }

  @Test func aMachineWithoutControllersIsAnError() {
    let groups = ControlGroups(mountInfo: "", ownGroups: "0::/\n")
    #expect(throws: ExecutorError.self) { try groups.makeGroup(named: "t", parent: "kilt", limits: self.limits) }
  }

  @Test func noLimitIsWrittenAsNone() throws {
    let groups = ControlGroups(mountInfo: "30 24 0:26 / \(root) rw - cgroup2 cgroup rw\n", ownGroups: "0::/\n")
    let none = ControlGroupLimits(milliCPU: 0, memory: 0, processes: 0)
    let group = try groups.makeGroup(named: "t", parent: "kilt", limits: none)
    #expect(!SmallFile.exists(group.directories[0] + "/memory.max"))
    #expect(!SmallFile.exists(group.directories[0] + "/cpu.max"))
  }
}
