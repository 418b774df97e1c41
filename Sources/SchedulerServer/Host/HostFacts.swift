internal import Executor
internal import Glibc
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// The resources of this host for tasks.
enum HostFacts {
  /// Processors, memory and disk of the host, less a tenth of each for itself, and the ports of the range that no other
  /// program uses.
  ///
  /// - Parameters:
  ///   - usedPorts: the ports of tasks, which belong to no other program.
  ///   - diskOfTasks: bytes that tasks have written.
  static func offer(_ options: SchedulerOptions, usedPorts: Set<Int>, diskOfTasks: Int) throws -> HostOffer {
    var disk = statvfs()
    let path = options.stateDirectory
    guard path.withPlatformString({ statvfs($0, &disk) }) == 0 else {
      throw SystemCallError("statvfs", path, .ioError)
    }
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    // In steps, so that not each small file of anybody makes another offer.
    let room = (Int(disk.f_bavail) * Int(disk.f_frsize) + diskOfTasks) & ~((1 << 24) - 1)
    let foreign = try TCPPorts.listening().subtracting(usedPorts).filter(options.portRange.contains)
    return HostOffer(
      hostname: hostname,
      resources: Resources(
        milliCPU: availableProcessors() * 1000, ram: memory / 10 * 9, disk: room / 10 * 9, processes: 100_000),
      ports: options.portRange, reservedPorts: foreign, attributes: options.attributes)
  }

  /// Whether the state machine has to hear of these offers. It is not news that the disk has filled or emptied by less than
  /// a sixty-fourth, of which a tenth is kept back anyway: each new offer is brought to the disk before the request that it
  /// precedes, and on a host whose programs write, that would be before each.
  static func isNews(_ offers: [HostOffer], besides known: [HostOffer]) -> Bool {
    guard offers.count == known.count else { return true }
    return zip(offers, known).contains { offer, known in
      var same = offer
      same.resources.disk = known.resources.disk
      return same != known || abs(offer.resources.disk - known.resources.disk) > known.resources.disk / 64
    }
  }

  static var hostname: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
