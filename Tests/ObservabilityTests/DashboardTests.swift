import JSON
import JobModel
import Testing

@testable import Observability

@Suite struct DashboardTests {
  private func configuration(_ command: String) -> JobConfiguration {
    JobConfiguration(
      key: JobKey(cluster: "c", role: "r", stage: "prod", name: "n"),
      task: TaskConfiguration(
        name: "n", processes: [ProcessConfiguration(name: "p", cmdline: command)],
        resources: Resources(milliCPU: 1, ram: 1, disk: 1)))
  }

  @Test("A job's dashboard shows requests and the JVM only if the job has them") func panels() {
    func titles(_ command: String) -> Set<String> { Set(Dashboard(of: configuration(command)).panels.map(\.title)) }
    let plain = titles("exec ./server {{thermos.ports[http]}}")
    #expect(plain.isSuperset(of: ["CPU against the limit", "Memory against the limit", "Restarts", "Update"]))
    #expect(plain.isDisjoint(with: ["Requests", "Java heap"]))
    #expect(titles("./server {{thermos.ports[metrics]}}").contains("Requests"))
    #expect(titles("exec /usr/bin/java -jar x.jar").contains("Java heap"))
    #expect(titles("./x {{thermos.ports[jmx]}}").contains("Java heap"))
    #expect(!titles("./javascript").contains("Java heap"))
  }

  @Test("A dashboard's JSON is whole: identities, positions, data source, marks") func json() throws {
    let dashboard = Dashboard(of: configuration("x {{thermos.ports[metrics]}}"))
    let json = try JSONValue(parsing: dashboard.json.bytes())
    let panels = try #require(json["panels"]?.array)
    #expect(panels.count == dashboard.panels.count && Set(panels.compactMap { $0["id"]?.int }).count == panels.count)
    let places = panels.compactMap { panel in panel["gridPos"].map { "\($0["x"]?.int ?? -1) \($0["y"]?.int ?? -1)" } }
    #expect(Set(places).count == panels.count)
    for panel in panels {
      for target in panel["targets"]?.array ?? [] {
        #expect(target["datasource"]?["uid"]?.string == "${datasource}" && target["expr"]?.string?.isEmpty == false)
      }
    }
    #expect(json["annotations"]?["list"]?.array?.first?["expr"]?.string?.hasSuffix("* 1000") == true)
    let identities = [
      dashboard, Dashboard(cluster: "c", role: "r"), Dashboard(cluster: "c"),
    ].map(\.identity)
    #expect(Set(identities).count == 3 && identities.allSatisfy { $0.count <= 40 })
    #expect(dashboard.queries.allSatisfy { !$0.contains("\n") })
  }
}
