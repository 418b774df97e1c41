import JSON
import SystemSupport
import Testing

/// What the command line says, and where it goes.
@Suite struct OutputTests {
  private func run(_ example: Example, _ script: String) throws -> Subprocess.Outcome {
    try Subprocess(
      "bash", ["-c", script, "bash", example.programs.appending("kilt").string],
      environment: example.environment(), workingDirectory: example.root, deadlineMilliseconds: 300_000
    ).run()
  }

  @Test(
    "Results that cannot be written are exit code 3 with a message",
    arguments: ["list ::", "peek ::", "dependencies ::", "--help", "package --help", "--version", "completions bash"])
  func fullOutput(_ arguments: String) throws {
    let example = try Example()
    let full = try run(example, "\"$1\" \(arguments) > /dev/full")
    #expect(full.termination == .exited(3), "\(full.errorText)")
    #expect(
      full.errorText.contains("error: cannot write the results to the standard output: No space left on device"),
      "\(full.errorText)")
    let closed = try run(example, "\"$1\" \(arguments) >&-")
    #expect(closed.termination == .exited(3), "\(closed.errorText)")
    #expect(
      closed.errorText.contains("error: cannot write the results to the standard output: Bad file descriptor"),
      "\(closed.errorText)")
  }

  @Test("JSON of a build that cannot be written is exit code 3, and the build is done")
  func fullOutputOfBuild() throws {
    let example = try Example()
    let outcome = try run(example, "\"$1\" package services/eightball:server --format json > /dev/full")
    #expect(outcome.termination == .exited(3))
    #expect(try example.bundles().count == 1)
  }

  @Test("If a reader closes the pipe, SIGPIPE ends the process without a message")
  func closedPipe() throws {
    let example = try Example()
    let outcome = try run(
      example, "set -o pipefail; for n in $(seq 40); do \"$1\" list :: --format json; done | head -c 1 > /dev/null")
    #expect(outcome.termination == .exited(141), "\(outcome.termination)")
    #expect(!outcome.errorText.contains("error"), "\(outcome.errorText)")
  }

  @Test("No opened file takes the number of a closed standard descriptor")
  func closedDescriptors() throws {
    let example = try Example()
    let outcome = try run(example, "\"$1\" package services/eightball:server 0<&- >&- 2>&-; \"$1\" list :: | wc -l")
    #expect((Int(outcome.text.filter(\.isNumber)) ?? 0) > 10, "\(outcome.text) \(outcome.errorText)")
    // The state is sound: nothing was written into it.
    #expect(try example.kilt("list", "::").errorText == "")
  }

  @Test(
    "The other programs report unwritable results too, and reuse no closed descriptor",
    arguments: ["kilt-executor", "kilt-scheduler", "kilt-router", "kilt-zookeeper", "pex-runner"],
    ["--help", "--version"])
  func otherPrograms(name: String, option: String) throws {
    let example = try Example()
    let program = example.programs.appending(name)
    for (redirection, reason) in [("> /dev/full", "No space left on device"), (">&-", "Bad file descriptor")] {
      let outcome = try Subprocess("/bin/sh", ["-c", "\"$1\" \(option) \(redirection)", "sh", program.string]).run()
      #expect(outcome.termination == .exited(3), "\(outcome.errorText)")
      #expect(
        outcome.errorText.contains("error: cannot write the results to the standard output: \(reason)"),
        "\(outcome.errorText)")
    }
    let log = example.scratch.appending("trace")
    let script = "strace -f -e trace=openat,open -o \"$2\" \"$1\" \(option) 0<&- >&- 2>&-"
    _ = try Subprocess("/bin/sh", ["-c", script, "sh", program.string, log.string]).run()
    let text = try FileSystem.readText(log)
    for descriptor in 0...2 {
      #expect(
        text.contains("\"/dev/null\", \(descriptor == 2 ? "O_WRONLY" : "O_RDONLY")) = \(descriptor)"), "\(text)")
    }
  }

  @Test("A target that cannot be built does not stop the other builds")
  func failingTarget() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "kilt.toml": "[workspace]\nsource_roots = [\"/\"]\n",
      "a/BUILD": "pex_binary(name='good', entry_point='m.py')\npython_sources()\n", "a/m.py": "print('a')\n",
      "b/BUILD": "shell_command(name='c', command='exit 7', output_files=['x'])\n"
        + "archive(name='bad', format='zip', files=[':c'])\n",
      "c/BUILD": "pex_binary(name='bad', entry_point='gone.py')\n",
      "d/BUILD": "archive(name='good', format='zip', files=[':f'])\nfile(name='f', source='f.txt')\n", "d/f.txt": "f\n",
    ])
    let outcome = try example.kilt(["package", "::"], in: root)
    #expect(outcome.termination == .exited(1))
    let text = outcome.errorText
    #expect(text.contains("built  dist/a_good-") && text.contains("dist/d/good.zip"), "\(text)")
    #expect(text.hasSuffix("error: cannot build 2 of 4 targets\n  note: b:bad\n        c:bad"), "\(text)")
    #expect(text.contains("\"c:bad\" starts \"gone.py\", which does not exist"), "\(text)")
    // Each of them says the same when it is asked for alone.
    #expect(try example.kilt(["package", "c:bad"], in: root).termination == .exited(2))
    let json = try JSONValue(parsing: try example.kilt(["package", "::", "--format", "json"], in: root).output)
    #expect(json.array?.compactMap { $0["error"]?.string }.count == 2)
    #expect(json.array?.compactMap { $0["sha256"]?.string }.count == 2)
  }

  @Test("Whichever targets cannot be built, all others are built, and each failure is listed once")
  func randomFailures() throws {
    let example = try Example()
    var build = "python_sources()\nfile(name='f', source='f.txt')\n"
    var (good, bad): (Set<String>, Set<String>) = ([], [])
    // A pattern without order: 60 targets of five kinds.
    for number in 0..<60 {
      let isBad = (number * number + number / 3) % 4 == 0
      let name = "t\(number)"
      let declaration =
        switch number % 5 {
        case 0: "pex_binary(name='\(name)', entry_point='\(isBad ? "gone" : "m").py')"
        case 1: "archive(name='\(name)', format='zip', files=[':f'], output_path='\(isBad ? "../" : "")\(name).zip')"
        case 2: "pex_binary(name='\(name)', entry_point='m.py', output_path='\(isBad ? "/" : "")\(name).pex')"
        case 3: "pex_binary(name='\(name)', \(isBad ? "script='gone'" : "entry_point='m.py'"))"
        default:
          "shell_command(name='c\(number)', command='\(isBad ? "exit 7" : "echo > x\(number)")', output_files=['x\(number)'])\n"
            + "archive(name='\(name)', format='zip', files=[':c\(number)'])"
        }
      build += declaration + "\n"
      if isBad { bad.insert("a:" + name) } else { good.insert("a:" + name) }
    }
    let root = try example.makeWorkspace([
      "kilt.toml": "[workspace]\nsource_roots = [\"/\"]\n", "a/BUILD": build, "a/m.py": "print('a')\n",
      "a/f.txt": "f\n",
    ])
    let outcome = try example.kilt(["package", "::", "--format", "json"], in: root)
    #expect(outcome.termination == .exited(1))
    let entries = try #require(try JSONValue(parsing: outcome.output).array)
    func addresses(_ key: String) -> [String] {
      entries.filter { $0[key]?.string != nil }.compactMap { $0["address"]?.string }
    }
    #expect(Set(addresses("sha256")) == good)
    #expect(addresses("error").sorted() == bad.sorted())
    #expect(
      outcome.errorText.contains("error: cannot build \(bad.count) of 60 targets\n"),
      "\(outcome.errorText.suffix(2000))")
  }

  @Test("Targets of one run whose products would take each other's place are refused, and the others are built")
  func sharedOutputPath() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "kilt.toml": "[workspace]\nsource_roots = [\"/\"]\n", "a/m.py": "print('a')\n", "a/f.txt": "f\n",
      "a/BUILD": "python_sources(name='l')\nfile(name='f', source='f.txt')\n"
        + "pex_binary(name='one', entry_point='m.py', output_path='x.pex')\n"
        + "pex_binary(name='two', entry_point='m.py', output_path='./x.pex')\n"
        + "archive(name='in', format='zip', files=[':f'], output_path='x.pex/y.zip')\n"
        + "archive(name='beside', format='zip', files=[':f'], output_path='x/y.zip')\n",
    ])
    let outcome = try example.kilt(["package", "::"], in: root)
    #expect(outcome.termination == .exited(1))
    let text = outcome.errorText
    #expect(
      text.contains("error: the output_path \"x.pex\" of \"a:one\" and \"./x.pex\" of \"a:two\" conflict\n"),
      "\(text)")
    #expect(text.contains("  --> a/BUILD:4:"), "\(text)")
    #expect(text.contains("  dist/x/y.zip  "), "\(text)")
    #expect(text.hasSuffix("error: cannot build 3 of 4 targets\n  note: a:in\n        a:one\n        a:two"), "\(text)")
    #expect(!FileSystem.exists(root.appending("dist/x.pex")))
    // Each alone can be built.
    #expect(try example.kilt(["package", "a:one"], in: root).termination == .exited(0))
  }

  @Test(
    "Commands of Pants and pex are answered with the command of Kilt",
    arguments: [
      ("generate-lockfiles", "kilt lock"), ("format", "kilt fmt"),
      ("typecheck", "kilt check"), ("fix", "kilt lint --fix"), ("dependees", "kilt dependents"), ("pex3", "kilt lock"),
      ("version", "kilt --version"), ("goals", "kilt --help"), ("help-all", "kilt --help"),
    ])
  func otherVerbs(_ verb: String, _ answer: String) throws {
    let example = try Example()
    let outcome = try example.kilt([verb, "::"])
    #expect(outcome.termination == .exited(2))
    #expect(
      outcome.errorText.hasPrefix("error: unknown command \"kilt \(verb)\"\n  help: "), "\(outcome.errorText)")
    #expect(outcome.errorText.contains(answer), "\(outcome.errorText)")
  }
}
