import JSON
import JobModel
import Testing

@testable import SwarmEngine

/// Answers as Docker 20.10 gives them.
@Suite struct AnswerTests {
  @Test("A node is read from the answer of Docker, with its labels and what it has")
  func node() throws {
    let json = try JSONValue(
      parsing: """
        {"ID": "ox1", "Version": {"Index": 21},
         "Spec": {"Labels": {"rack": "a", "kilt.drain": "true"}, "Role": "worker", "Availability": "active"},
         "Description": {"Hostname": "n2", "Platform": {"Architecture": "x86_64", "OS": "linux"},
           "Resources": {"NanoCPUs": 2000000000, "MemoryBytes": 25285820416}},
         "Status": {"State": "ready", "Addr": "10.99.0.2"}}
        """)
    let node = try #require(SwarmNode(json))
    #expect(node.id == "ox1" && node.hostname == "n2" && node.address == "10.99.0.2" && node.isReady)
    #expect(node.nanoCPUs == 2_000_000_000 && node.memory == 25_285_820_416 && node.architecture == "x86_64")
    #expect(node.labels["rack"] == "a" && node.isDrainedByKilt && node.availability == .active)
  }

  @Test("A node that joins and is not described yet is passed over")
  func joiningNode() throws {
    #expect(SwarmNode(try JSONValue(parsing: #"{"ID": "ox1", "Spec": {}, "Status": {"State": "unknown"}}"#)) == nil)
  }

  @Test("A manager that knows itself as 0.0.0.0 has the address of its manager port")
  func managerAddress() throws {
    let json = try JSONValue(
      parsing: """
        {"ID": "a", "Description": {"Hostname": "n1"}, "Status": {"State": "ready", "Addr": "0.0.0.0"},
         "ManagerStatus": {"Leader": true, "Addr": "10.99.0.1:2377"}}
        """)
    #expect(SwarmNode(json)?.address == "10.99.0.1")
  }

  @Test("A rejected task says why, and for which task of the scheduler it was")
  func rejectedTask() throws {
    let json = try JSONValue(
      parsing: """
        {"ID": "t1", "ServiceID": "s1", "NodeID": "n1", "CreatedAt": "2026-11-30T21:00:00.1Z",
         "Spec": {"ContainerSpec": {"Labels": {"kilt.task": "web-0-1"}}},
         "Status": {"State": "rejected", "Err": "No such image: sha256:abc", "ContainerStatus": {"ExitCode": 0}}}
        """)
    let task = try #require(SwarmTask(json))
    #expect(task.task == TaskID("web-0-1") && task.state.isOver && task.message == "No such image: sha256:abc")
  }

  @Test(
    "An address without the certificates that it needs, or with some that it does not, is refused",
    arguments: ["http://10.0.0.1:2375", "https://10.0.0.1:2376", "unix://relative", "https://a/b", "tcp://10.0.0.1"])
  func refusedAddress(text: String) {
    #expect(throws: (any Error).self) { try DockerAddress(text, certificates: nil) }
  }
}
