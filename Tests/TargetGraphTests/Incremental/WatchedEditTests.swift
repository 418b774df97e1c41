import Glibc
import SystemSupport
import Testing

/// Runs that a watchman server tells what was touched answer as those that look at everything.
@Suite(.enabled(if: WatchmanService.isInstalled, "watchman is not installed: scripts/install-dependencies test"))
struct WatchedEditTests {
  /// A workspace that a server watches, of which everything is known.
  private func watched(
    by service: WatchmanService, configuration: String? = nil
  ) throws -> (repository: RandomRepository, check: (String) throws -> String) {
    let repository = try RandomRepository(empty: "[workspace]\n")
    try FileSystem.createDirectories(repository.root.appending(".hg"))
    try repository.write("a/BUILD", "python_sources()\n")
    try repository.write("a/m.py", "import a.n\n")
    try repository.write("a/n.py", "")
    if let configuration { try repository.write(".watchmanconfig", configuration) }
    try service.watch(repository.root)
    let (root, socket) = (repository.root, service.socket)
    func check(_ what: String) throws -> String {
      let incremental = Answer(root, .everything, fromNothing: false, sockets: [socket])
      #expect(incremental.note == nil)
      #expect(incremental.text == Answer(root, .everything, fromNothing: true).text, "\(what)")
      return incremental.text
    }
    #expect(try check("nothing is known").contains("a/m.py -> a/n.py"))
    _ = try check("the server was met")
    _ = try check("the server is followed")
    return (repository, check)
  }

  @Test(arguments: 1...5)
  func everyAnswerIsThatOfAColdRun(seed: UInt64) throws {
    let service = try WatchmanService()
    _ = try IncrementalTests.fuzz(seed: seed, edits: 60, isAlone: false, service: service)
  }

  @Test func noServerIsStartedAndNothingIsWatchedThatWasNot() throws {
    let service = try WatchmanService()
    let repository = try RandomRepository(empty: "[workspace]\n")
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    try FileSystem.createDirectories(repository.root.appending(".git"))
    for _ in 0..<3 {
      #expect(Answer(repository.root, .list, fromNothing: false, sockets: [service.socket]).text == "")
    }
    #expect(try !service.watched.contains(repository.root.string))
    try service.stop()
    try FileSystem.removeFile(service.socket)
    _ = Answer(repository.root, .list, fromNothing: false, sockets: [service.socket])
    #expect(!FileSystem.exists(service.socket))
  }

  @Test func editsWhileTheServerIsAwayAreSeen() throws {
    let service = try WatchmanService()
    let (repository, check) = try watched(by: service)
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    try service.stop()
    try repository.write("a/m.py", "import a.o\n")
    try repository.write("a/o.py", "")
    #expect(try check("no server").contains("a/m.py -> a/o.py"))
    try repository.write("a/m.py", "import a.n\n")
    try service.start()
    #expect(try check("a new server").contains("a/m.py -> a/n.py"))
    try service.watch(repository.root)
    try repository.write("a/m.py", "import a.o\n")
    #expect(try check("a new watch").contains("a/m.py -> a/o.py"))
    try repository.write("a/m.py", "")
    #expect(try check("the new watch is followed").contains("a/m.py -> \n"))
  }

  @Test func aServerThatHangsIsNotWaitedFor() throws {
    let service = try WatchmanService()
    let (repository, check) = try watched(by: service)
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    let process = try #require(service.process)
    kill(process, SIGSTOP)
    try repository.write("a/m.py", "import a.o\n")
    try repository.write("a/o.py", "")
    #expect(try check("it hangs").contains("a/m.py -> a/o.py"))
    try repository.write("a/m.py", "import a.n\n")
    kill(process, SIGCONT)
    #expect(try check("it goes on").contains("a/m.py -> a/n.py"))
  }

  @Test(arguments: ["{\"ignore_dirs\": [\"a\"]}", "{\"ignore_vcs\": [\".hg\", \"a\"]}", "{\"ignore_dirs\": [\"new\"]}"])
  func whatTheServerIgnoresIsLookedAt(configuration: String) throws {
    let service = try WatchmanService()
    let (repository, check) = try watched(by: service, configuration: configuration)
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    try repository.write("a/m.py", "import new.sub.o\n")
    for name in ["o", "p"] {
      try repository.write("new/sub/BUILD", "python_sources()\n")
      try repository.write("new/sub/\(name).py", "")
      try repository.write("a/m.py", "import new.sub.\(name)\n")
      #expect(try check("\(name) is there").contains("a/m.py -> new/sub/\(name).py"))
    }
    try repository.write("new/sub/o.py", "import a.n\n")
    #expect(try check("o has changed").contains("new/sub/o.py -> a/n.py"))
  }

  @Test func whatIsTouchedThroughAnotherNameIsSeen() throws {
    let service = try WatchmanService()
    let outside = try RandomRepository(empty: "")
    let (repository, check) = try watched(by: service)
    defer {
      do {
        try repository.remove()
        try outside.remove()
      } catch { Issue.record(error) }
    }
    try outside.write("hard.py", "import a.m\n")
    try outside.write("soft.py", "import a.m\n")
    try FileSystem.link(outside.root.appending("hard.py"), to: repository.root.appending("a/hard.py"))
    try FileSystem.createSymbolicLink(
      at: repository.root.appending("a/soft.py"), to: outside.root.appending("soft.py"))
    #expect(try check("two names").contains("a/hard.py -> a/m.py"))
    _ = try check("and nothing new")
    try outside.write("hard.py", "import a.n\n")
    try outside.write("soft.py", "import a.n\n")
    let answer = try check("changed elsewhere")
    #expect(answer.contains("a/hard.py -> a/n.py") && answer.contains("a/soft.py -> a/n.py"))
  }

  @Test func runsWithoutTheServerInBetweenLoseNothing() throws {
    let service = try WatchmanService()
    let (repository, check) = try watched(by: service)
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    for (number, imports) in ["import a.o\n", "import a.n\n", "", "import a.n\n"].enumerated() {
      try repository.write("a/o.py", "# \(number)\n")
      try repository.write("a/m.py", imports)
      // One that looks at few files, with it or without.
      _ = Answer(repository.root, .list, fromNothing: false, sockets: number % 2 == 0 ? [] : [service.socket])
      _ = try check("edit \(number)")
    }
  }

  @Test func aRootWithoutAFolderOfVersionControlIsLookedAt() throws {
    let service = try WatchmanService()
    let (repository, check) = try watched(by: service)
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    try FileSystem.removeTree(repository.root.appending(".hg"))
    try repository.write("a/BUILD", "python_sources()\nfiles(name=\"f\", sources=[\"*\"])\n")
    for text in ["import a.m\n", ""] {
      try repository.write("a/n.py", text)
      let answer = try check("the folder is gone")
      #expect(!answer.contains("cookie"))
    }
  }

  @Test(arguments: ["nonsense\n", "{\"clock\": 1}\n", "", "[]", "{\"error\": \"no\"}\n"])
  func aProgramThatIsNoServerIsNotBelieved(answer: String) throws {
    let repository = try RandomRepository(empty: "[workspace]\n")
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    try repository.write("a/BUILD", "python_sources()\n")
    try repository.write("a/m.py", "")
    let socket = repository.root.appending(".kilt-socket")
    let program = """
      import os, socket, sys, threading
      threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
      listener = socket.socket(socket.AF_UNIX)
      listener.bind(sys.argv[1])
      listener.listen()
      print("ready", flush=True)
      while True:
          connection, _ = listener.accept()
          connection.recv(4096)
          connection.sendall(sys.argv[2].encode())
          connection.close()
      """
    let server = try ConversingProcess(
      Subprocess("python3", ["-c", program, socket.string, answer]), errorOutput: .standardError)
    defer { _ = server.end(within: 10_000) }
    #expect(try server.receive() == .line(Array("ready".utf8)))
    for _ in 0..<2 {
      let incremental = Answer(repository.root, .list, fromNothing: false, sockets: [socket]).text
      #expect(incremental == Answer(repository.root, .list, fromNothing: true).text)
    }
  }
}
