/// The resources that one instance can use: hard limits, which placement subtracts from the host.
public struct Resources: Sendable, Hashable {
  /// CPU cores, in thousandths: sums of limits are exact.
  public var milliCPU: Int
  /// Bytes of memory.
  public var ram: Int
  /// Bytes of disk for the sandbox, logs included.
  public var disk: Int
  /// The maximum number of processes and threads at once.
  public var processes: Int
  /// Graphics processors. One machine allots none: a job that asks for one is refused.
  public var gpu: Int

  /// The limit on processes and threads of a task that does not name one.
  public static let defaultProcesses = 1024

  public init(
    milliCPU: Int, ram: Int, disk: Int, processes: Int = Resources.defaultProcesses, gpu: Int = 0
  ) {
    self.milliCPU = milliCPU
    self.ram = ram
    self.disk = disk
    self.processes = processes
    self.gpu = gpu
  }

  /// CPU as cores (0.5 is half a core), rounded to thousandths.
  public init(cpu: Double, ram: Int, disk: Int, processes: Int = Resources.defaultProcesses, gpu: Int = 0) {
    self.init(milliCPU: Int((cpu * 1000).rounded()), ram: ram, disk: disk, processes: processes, gpu: gpu)
  }

  /// CPU as cores.
  public var cpu: Double { Double(milliCPU) / 1000 }

  /// No resources.
  public static let zero = Resources(milliCPU: 0, ram: 0, disk: 0, processes: 0)

  /// Adds the resources that placement counts; the process limit applies to each task and is not summed.
  public static func + (left: Resources, right: Resources) -> Resources {
    Resources(
      milliCPU: left.milliCPU + right.milliCPU, ram: left.ram + right.ram, disk: left.disk + right.disk,
      processes: left.processes, gpu: left.gpu + right.gpu)
  }

  public static func += (left: inout Resources, right: Resources) { left = left + right }

  public static func - (left: Resources, right: Resources) -> Resources {
    Resources(
      milliCPU: left.milliCPU - right.milliCPU, ram: left.ram - right.ram, disk: left.disk - right.disk,
      processes: left.processes, gpu: left.gpu - right.gpu)
  }
}
