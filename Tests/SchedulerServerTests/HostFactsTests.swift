import JobModel
import SchedulerCore
import Testing

@testable import SchedulerServer

struct HostFactsTests {
  private func offer(disk: Int, reserved: Set<Int> = []) -> HostOffer {
    HostOffer(
      hostname: "host", resources: Resources(milliCPU: 2000, ram: 1 << 30, disk: disk, processes: 100),
      ports: 100...200, reservedPorts: reserved)
  }

  @Test("An offer is news if a port or a sixty-fourth of the disk changes, not for less") func news() {
    let known = [offer(disk: 64 << 30)]
    #expect(!HostFacts.isNews(known, besides: known))
    #expect(!HostFacts.isNews([offer(disk: 63 << 30)], besides: known))
    #expect(!HostFacts.isNews([offer(disk: 65 << 30)], besides: known))
    #expect(HostFacts.isNews([offer(disk: (63 << 30) - 1)], besides: known))
    #expect(HostFacts.isNews([offer(disk: 64 << 30, reserved: [120])], besides: known))
    #expect(HostFacts.isNews(known + known, besides: known))
    #expect(HostFacts.isNews(known, besides: []))
    #expect(HostFacts.isNews([offer(disk: 1)], besides: [offer(disk: 0)]))
  }
}
