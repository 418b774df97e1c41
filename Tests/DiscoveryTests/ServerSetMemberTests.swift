import Discovery
import JSON
import JobModel
import Testing

@Suite struct ServerSetMemberTests {
  @Test("A member has the fields, names and nesting that Aurora documents")
  func form() throws {
    let announcement = Announcement(
      host: "h1", port: 31000, endpoints: ["http": 31000, "aurora": 31000, "health": 31001])
    let text = """
      {"additionalEndpoints":{"aurora":{"host":"h1","port":31000},"health":{"host":"h1","port":31001},\
      "http":{"host":"h1","port":31000}},"serviceEndpoint":{"host":"h1","port":31000},"shard":2,"status":"ALIVE"}
      """
    let member = ServerSetMember(announcement, shard: 2)
    #expect(member.json.text() == text)
    #expect(try ServerSetMember(json: JSONValue(parsing: Array(text.utf8))) == member)
    #expect(ServerSetMember.path(of: ServiceTests.key) == "/cbe/prod/eightball")
  }

  @Test("A member of another client can lack the shard and the status, and a wrong one names its field")
  func others() throws {
    let short = try ServerSetMember(json: JSONValue(parsing: Array(#"{"serviceEndpoint":{"host":"h","port":1}}"#.utf8)))
    #expect(short.shard == nil && short.status == "ALIVE" && short.announcement.endpoints.isEmpty)
    for (text, path) in [
      ("{}", "serviceEndpoint"), (#"{"serviceEndpoint":{"host":"h"}}"#, "serviceEndpoint.port"),
      (
        #"{"serviceEndpoint":{"host":"h","port":1},"additionalEndpoints":{"x":{"host":"h","port":"1"}}}"#,
        "additionalEndpoints.x.port"
      ),
    ] {
      let error = #expect(throws: ModelError.self) { try ServerSetMember(json: JSONValue(parsing: Array(text.utf8))) }
      #expect(error?.path == path)
    }
  }
}
