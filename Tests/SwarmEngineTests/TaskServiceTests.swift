import JSON
import JobModel
import Testing

@testable import SwarmEngine

@Suite struct TaskServiceTests {
  private func service(_ task: String = "www-data-prod-web-0-mf3k2-12", ports: [String: Int] = [:]) -> TaskService {
    let key = JobKey(cluster: "devcluster", role: "www-data", stage: "prod", name: "web")
    var resources = Resources(milliCPU: 500, ram: 128 << 20, disk: 64 << 20, processes: 40)
    resources.processes = 40
    let configuration = JobConfiguration(
      key: key,
      task: TaskConfiguration(
        name: "web", processes: [ProcessConfiguration(name: "web", cmdline: "true")], resources: resources))
    return TaskService(
      assignment: TaskAssignment(
        taskID: TaskID(task), instance: 0, configuration: configuration, ports: ports, hostname: "n1", release: 3),
      scheduler: "5c3d", node: "node1", image: "sha256:abc", user: .init(id: 33, group: 34))
  }

  @Test("A service is named as its task, so that `docker service ls` reads like the list of a job's instances")
  func readableName() { #expect(service().name == "www-data-prod-web-0-mf3k2-12") }

  @Test(
    "A task ID that Swarm does not take as a name becomes one that it takes, and different tasks get different names",
    arguments: [
      "a.b-prod-web-0-mf3k2-12", "-a-0-1", String(repeating: "long-", count: 20) + "1",
      String(repeating: "long-", count: 20) + "2", "ü-prod-web-0-1", "a-0-1-",
    ])
  func acceptableName(task: String) throws {
    let name = service(task).name
    #expect(name.utf8.count <= 63)
    #expect(try #/[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*/#.wholeMatch(in: name) != nil, "\(name)")
    #expect(service(task + "x").name != name)
  }

  @Test("A service runs once, on the node that was chosen, with the job's limits and without privileges")
  func description() throws {
    let json = service(ports: ["http": 31005]).json(secret: "s1")
    let template = try #require(json["TaskTemplate"])
    let container = try #require(template["ContainerSpec"])
    #expect(json["Mode"]?["Replicated"]?["Replicas"]?.int == 1)
    #expect(template["RestartPolicy"]?["Condition"]?.string == "none")
    #expect(template["Placement"]?["Constraints"]?.strings == ["node.id==node1"])
    #expect(template["Resources"]?["Limits"]?["NanoCPUs"]?.int == 500_000_000)
    #expect(template["Resources"]?["Limits"]?["Pids"]?.int == 56)
    #expect(template["Resources"]?["Reservations"]?["MemoryBytes"]?.int == 128 << 20)
    #expect(container["Image"]?.string == "sha256:abc")
    #expect(container["User"]?.string == "33:34")
    #expect(container["ReadOnly"]?.bool == true)
    #expect(container["CapabilityDrop"]?.strings == ["ALL"])
    #expect(container["Privileges"]?["NoNewPrivileges"]?.bool == true)
    #expect(container["Env"] == nil && container["Args"] == nil)
    let port = try #require(json["EndpointSpec"]?["Ports"]?.array?.first)
    #expect(port["PublishMode"]?.string == "host" && port["PublishedPort"]?.int == 31005)
    #expect(port["TargetPort"]?.int == 31005 && json["EndpointSpec"]?["Mode"]?.string == "dnsrr")
    #expect(json["Labels"]?["kilt.job"]?.string == "devcluster/www-data/prod/web")
    #expect(json["Labels"]?["kilt.scheduler"]?.string == "5c3d" && json["Labels"]?["kilt.release"]?.string == "3")
  }

  @Test("A token is a secret that the task's user alone reads, and is not in the description of the service")
  func secret() throws {
    let json = service().json(secret: "s1")
    let secret = try #require(json["TaskTemplate"]?["ContainerSpec"]?["Secrets"]?.array?.first)
    #expect(secret["SecretID"]?.string == "s1" && secret["File"]?["Mode"]?.int == 0o400)
    #expect(secret["File"]?["UID"]?.string == "33")
    #expect(!json.text(.compact).contains("token"))
  }
}
