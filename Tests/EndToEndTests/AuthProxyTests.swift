import JSON
import SystemSupport
import Testing

/// The example's authenticating proxy as a part of a job, on the real programs.
@Suite struct AuthProxyTests {
  @Test("auth_proxy() in a template puts the real proxy in front of a service: 401 without a token, 200 with one")
  func inFront() throws {
    let running = try RunningExample(firstPort: 26240) { example in
      let (secrets, users) = (example.scratch.appending("secrets"), example.scratch.appending("users"))
      for directory in [secrets, users] { try FileSystem.createDirectories(directory) }
      try FileSystem.setPermissions(0o755, of: example.scratch)
      try FileSystem.setPermissions(0o700, of: secrets)
      try FileSystem.setPermissions(0o777, of: users)
      let key = "0123456789abcdef0123456789abcdef\n"
      try FileSystem.write(text: key, to: secrets.appending("keys"), permissions: 0o600)
      try FileSystem.write(text: "sqlite:/users/users.db\n", to: secrets.appending("database"), permissions: 0o600)
      let config = example.scratch.appending("scheduler.toml")
      try FileSystem.write(
        text: """
          [policy]
          secrets = "\(secrets)"

          [policy.volumes."\(users)"]
          roles = ["www-data"]
          mode = "rw"
          """, to: config)
      return ["--config", config.string]
    }
    let example = running.example
    let (key, file) = ("devcluster/www-data/devel/eightball", "jobs/eightball.yaml")
    let users = example.scratch.appending("users")
    // The proxy is a workspace of its own, published into the same artifact repository.
    let proxy = example.root.appending("services/authproxy")
    let published = try example.kilt(
      ["publish", "authproxy:server", "authproxy:admin", "--repository", example.repository.string], in: proxy)
    try #require(published.termination == .exited(0), "\(published.errorText)")
    let commit = try example.git("rev-parse", "HEAD")
    func admin(_ arguments: String...) throws -> String {
      let run = ["run", "authproxy_admin@\(commit)", "--", "--database", "sqlite:\(users)/users.db"]
      return try example.execute(
        example.programs.appending("pex-runner").string, run + arguments, in: example.scratch,
        environment: [
          "KILT_REPOSITORY=\(example.repository)", "KILT_RUNNER_CACHE=\(example.scratch.appending("runner-cache"))",
        ])
    }
    _ = try admin("add-user", "ann", "--roles", "reader")
    try FileSystem.setPermissions(0o666, of: users.appending("users.db"))
    let token = try admin("token", "ann", "--keys", example.scratch.appending("secrets/keys").string)

    try FileSystem.write(
      text: """
        include("kilt/python_service.aurora")
        include("kilt/installers.aurora")

        jobs = [pex_service(
            flags = {"host": "127.0.0.1", "port": "{{thermos.ports[private]}}", "threads": args.threads},
            health = http_health(port = "private", grace = 60, interval = 0.3), port = "public",
            beside = [auth_proxy()], artifacts = [Artifact(name = "authproxy", githash = "\(commit)")],
            update = UpdateConfig(watch_secs = 0),
        )]

        """, to: example.root.appending("jobs/eightball.aurora"))
    try example.edit("jobs/eightball.yaml", "instances: 2}", "instances: 1}")
    try example.edit(
      "jobs/eightball.yaml", "hashtype: git\n",
      "hashtype: git\nsecrets: {authproxy-keys: keys, authproxy-database: database}\n"
        + "volumes: [{host: \(users), at: /users, mode: rw}]\n")
    try example.commit("a proxy in front")
    try example.kilt("publish", "services/eightball:server")
    let head = try example.git("rev-parse", "HEAD")
    try running.run("job", "create", file, "--stage", "devel", "--commit", head, "--yes")
    let listed = try running.json("job", "endpoints", key, "--format", "json")
    let instance = try #require(listed["instances"]?.array?.first)
    let port = try #require(instance["port"]?.int ?? instance["announcement"]?["port"]?.int, "\(listed)")
    func status(_ path: String, _ headers: String...) throws -> String {
      // RUNNING is the service's health; the proxy beside it may take a moment more.
      let patience = ["--retry", "100", "--retry-connrefused", "--retry-delay", "1"]
      let options = ["-s", "-o", "/dev/null", "-w", "%{http_code}"] + patience + headers.flatMap { ["-H", $0] }
      return try example.execute("curl", options + ["http://127.0.0.1:\(port)\(path)"])
    }
    #expect(try status("/health") == "200")
    let logs = try running.run("job", "logs", key, "--process", "authproxy", "--stderr")
    #expect(try status("/shake?question=x") == "401", "\(logs)")
    #expect(try status("/shake?question=x", "Authorization: Bearer \(token)") == "200", "\(logs)")
    #expect(try status("/shake?question=x", "Authorization: Bearer \(token)x") == "401")
    #expect(try status("/shake?question=x", "X-API-Key: \(try admin("add-key", "ann"))") == "200", "\(logs)")
    // The service itself answers on the private port of this host, without a token.
    let ports = try running.json("job", "status", key, "--format", "json")["instances"]?.array?.first?["ports"]
    let hidden = try #require(ports?["private"]?.int)
    #expect(try example.execute("curl", ["-sS", "http://127.0.0.1:\(hidden)/health"]) == "ok")
    try running.run("job", "kill", key, "--yes")
  }
}
