import Diagnostics
import Glibc
import JSON
import SystemSupport
import TestServers
import Testing

@testable import ZooKeeper

@Suite struct ZooKeeperAuthenticationTests {
  @Test("Credentials in Aurora's form become ZooKeeper's rules")
  func rules() throws {
    // The value of Apache's own documentation of DigestAuthenticationProvider.
    #expect(ZooKeeperAuthentication.digest("super:superpassword").hasPrefix("super:"))
    let read = try ZooKeeperAuthentication(
      JSONValue(
        parsing: Array(
          """
          {"auth": [{"scheme": "digest", "credential": "kilt:secret"}],
           "acl": [{"scheme": "digest", "credential": "kilt:secret", "permissions": {"all": true}},
                   {"scheme": "world", "credential": "anyone", "permissions": {"read": true, "write": false}}]}
          """.utf8)))
    #expect(read.credentials.map(\.credential) == ["kilt:secret"])
    #expect(read.rules.map(\.permissions) == [31, 1] && read.rules[1].id == "anyone")
    let short = try ZooKeeperAuthentication(["auth": [["scheme": "digest", "credential": "a:b"]]])
    #expect(short.rules.map(\.permissions) == [31, 1])
    #expect(ZooKeeperAuthentication().rules.map(\.permissions) == [31])
    for wrong: JSONValue in [["acls": []], ["auth": [["scheme": "digest"]]], []] {
      #expect(throws: Diagnostic.self) { try ZooKeeperAuthentication(wrong) }
    }
  }
}

/// ServerSets in a real ZooKeeper, with kazoo as the other client.
@Suite(.serialized) struct ServerSetTests {
  static let member = """
    {"additionalEndpoints": {"http": {"host": "h1", "port": 31000}}, "serviceEndpoint": {"host": "h1", "port": 31000}, \
    "shard": 3, "status": "ALIVE"}
    """

  @Test("A task is announced in Aurora's layout for kazoo, and removed with its withdrawal or its program")
  func announces() throws {
    let server = try ZooKeeperServer()
    let scratch = server.directory
    try FileSystem.write(
      text: #"{"auth": [{"scheme": "digest", "credential": "kilt:secret"}]}"#, to: scratch.appending("auth.json"),
      permissions: 0o600)
    let settings = scratch.appending("zookeeper.json")
    try FileSystem.write(
      text:
        #"{"hosts": "\#(server.hosts)", "root": "/aurora", "authentication": "\#(scratch)/auth.json", "timeout": 2000}"#,
      to: settings)
    let program = try ZooKeeperProgram(["announce", "--settings", settings.string, "--path", "/cbe/prod/eightball"])
    try program.send(#"{"announce": \#(Self.member)}"#)
    #expect(try program.wait(for: "announced").contains("/aurora/cbe/prod/eightball/member_0000000000"))
    let look = """
      path = '/aurora/cbe/prod/eightball'
      for name in z.get_children(path):
          data, stat = z.get(path + '/' + name)
          acls, _ = z.get_acls(path + '/' + name)
          print(name, stat.ephemeralOwner != 0, sorted((a.id.scheme, a.perms) for a in acls), json.dumps(json.loads(data)))
      """
    let expected = "member_0000000000 True [('digest', 31), ('world', 1)] " + Self.member
    #expect(try server.kazoo(look) == expected)
    // Others read and do not write; whoever has the password does.
    let delete =
      "\ntry:\n    z.delete(path + '/member_0000000000'); print('deleted')\nexcept NoAuthError:\n    print('refused')"
    #expect(try server.kazoo("path = '/aurora/cbe/prod/eightball'" + delete) == "refused")
    #expect(try server.kazoo("path = '/aurora/cbe/prod/eightball'" + delete, auth: "kilt:secret") == "deleted")
    // Deleted by somebody, it is there again.
    #expect(try program.wait(for: "announced").contains("member_0000000001"))
    // Another list of hosts is followed; the session goes on.
    try FileSystem.write(
      text:
        #"{"hosts": "127.0.0.1:1,\#(server.hosts)", "root": "/aurora", "authentication": "\#(scratch)/auth.json", "timeout": 2000}"#,
      to: settings)
    try program.send(#"{"withdraw": true}"#)
    #expect(try program.wait(for: "withdrawn").contains("member_0000000001"))
    #expect(try server.kazoo("print(z.get_children('/aurora/cbe/prod/eightball'))") == "[]")
    try program.send(#"{"announce": \#(Self.member)}"#)
    _ = try program.wait(for: "announced")
    program.end()
    #expect(try server.kazoo("print(z.get_children('/aurora/cbe/prod/eightball'))") == "[]")
  }

  @Test("A hosts list that names another ensemble moves the node there, and the former one is not needed any more")
  func moves() throws {
    let (first, second) = (try ZooKeeperServer(), try ZooKeeperServer())
    let settings = first.directory.appending("zookeeper.json")
    func use(_ hosts: String) throws {
      try FileSystem.write(text: #"{"hosts": "\#(hosts)", "root": "/aurora", "timeout": 2000}"#, to: settings)
    }
    try use(first.hosts)
    let program = try ZooKeeperProgram(["announce", "--settings", settings.string, "--path", "/a/b/c"])
    let announce = #"{"announce": \#(Self.member)}"#
    try program.send(announce)
    _ = try program.wait(for: "announced")
    let look = "print(z.get_children('/aurora/a/b/c'))"
    #expect(try first.kazoo(look) == "['member_0000000000']")
    try use(second.hosts)
    // The file is looked at with each line, and now and then.
    try program.send(announce)
    _ = try program.wait(for: "announced")
    #expect(try second.kazoo(look) == "['member_0000000000']")
    try waitUntil("the former node is gone with its session") { try first.kazoo(look) == "[]" }
    first.stop()
    _ = try second.kazoo("z.delete('/aurora/a/b/c/member_0000000000')")
    #expect(try program.wait(for: "announced").contains("member_0000000001"))
    try program.send(#"{"withdraw": true}"#)
    _ = try program.wait(for: "withdrawn")
    program.end()
  }

  @Test("A watcher tells what kazoo wrote, and every change, through a restart of ZooKeeper")
  func watches() throws {
    let server = try ZooKeeperServer()
    let program = try ZooKeeperProgram([
      "watch", "--hosts", server.hosts, "--path", "/a/b/c", "--timeout-milliseconds", "2000",
    ])
    #expect(try program.wait(for: "sets") == #"{"sets":{"/a/b/c":[]}}"#)
    let written = #"{"serviceEndpoint":{"host":"h2","port":9},"additionalEndpoints":{},"status":"ALIVE"}"#
    _ = try server.kazoo("z.create('/aurora/a/b/c/member_', b'\(written)', sequence=True, makepath=True)")
    #expect(try program.wait(for: "h2") == #"{"sets":{"/a/b/c":[{"name":"member_0000000000","data":\#(written)}]}}"#)
    server.stop()
    _ = try program.wait(for: #""state":"connecting""#)
    try server.start(0)
    // What it knew holds again: told once more.
    #expect(try program.wait(for: "sets").contains("h2"))
    _ = try server.kazoo("z.set('/aurora/a/b/c/member_0000000000', b'nonsense')")
    #expect(try program.wait(for: "not JSON").contains("member_0000000000"))
    program.end()
  }

  @Test("A node survives the loss of the leader, and returns with a new session after an expired one")
  func survives() throws {
    let server = try ZooKeeperServer(servers: 3)
    let program = try ZooKeeperProgram(
      ["announce", "--hosts", server.hosts, "--path", "/a/b/c", "--timeout-milliseconds", "4000"])
    try program.send(#"{"announce": \#(Self.member)}"#)
    _ = try program.wait(for: "announced")
    let leader = try #require(try (0..<3).first { try server.mode($0) == "leader" })
    server.stop(leader)
    try waitUntil("another leader") { try (0..<3).contains { try $0 != leader && server.mode($0) == "leader" } }
    #expect(try server.kazoo("print(len(z.get_children('/aurora/a/b/c')))") == "1")
    // Nobody serves for longer than the session may last; afterwards the node is there, once.
    for number in 0..<3 where number != leader { server.stop(number) }
    _ = try program.wait(for: #""state":"connecting""#)
    pauseMilliseconds(5000)
    for number in 0..<3 { try server.start(number) }
    try waitUntil("one node of a living session") {
      guard try (0..<3).contains(where: { try server.mode($0) == "leader" }) else { return false }
      return try server.kazoo("print(len(z.get_children('/aurora/a/b/c')))") == "1"
    }
    // Stopped for longer than its session lasts, it announces again with a new one.
    program.signal(SIGSTOP)
    try waitUntil("the node is gone with the session") {
      try server.kazoo("print(len(z.get_children('/aurora/a/b/c')))") == "0"
    }
    program.signal(SIGCONT)
    _ = try program.wait(for: "expired")
    _ = try program.wait(for: "announced")
    // Killed without a word, its node goes with the session.
    program.kill()
    try waitUntil("the node is gone") { try server.kazoo("print(len(z.get_children('/aurora/a/b/c')))") == "0" }
  }
}
