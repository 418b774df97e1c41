import SystemSupport
import Testing

/// Options of a `pants.toml` as the command line meets them.
@Suite struct PantsOptionTests {
  private static let warning = "warning: Kilt does not follow 1 option of Pants that can change results"

  @Test("The first run after a change names options that are not followed, and never with --quiet")
  func saidOnce() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "pants.toml": "[python]\nrun_against_entire_lockfile = true\n", "a/BUILD": "python_sources(tags=['t'])\n",
      "a/m.py": "",
      "a/n.py": "", "b/BUILD": "python_sources()\n", "b/m.py": "",
      "pants.ci.toml": "[GLOBAL]\ntag = [\"t\"]\n[changed]\ndependents = \"transitive\"\n",
    ])
    func list(_ arguments: String..., variables: [String] = []) throws -> Subprocess.Outcome {
      try example.kilt(["list", "::"] + arguments, in: root, environment: ["HOME=\(example.scratch)"] + variables)
    }
    #expect(try list("--quiet").errorText == "")
    let first = try list()
    #expect(first.errorText.hasPrefix(Self.warning), "\(first.errorText)")
    #expect(first.errorText.contains("[python] run_against_entire_lockfile (pants.toml:2): "), "\(first.errorText)")
    #expect(try list().errorText == "")
    // A line above is no change; another option is.
    let file = root.appending("pants.toml")
    try FileSystem.write(text: "# above\n\n[python]\nrun_against_entire_lockfile = true\n", to: file)
    #expect(try list().errorText == "")
    try FileSystem.write(text: "[pytest]\nskip = true\n", to: file)
    #expect(try list().errorText.hasPrefix(Self.warning))
    #expect(try list().errorText == "")
    // Layers of the configuration, by variable and by option, before the verb and behind it.
    #expect(try list().text.split(separator: "\n").count == 5)
    #expect(try list(variables: ["PANTS_CONFIG_FILES=pants.ci.toml"]).text == "a/m.py\na/n.py\na:a")
    #expect(try list("--pants-config-files=pants.ci.toml").text == "a/m.py\na/n.py\na:a")
    #expect(try list("--pants-config-files", "pants.ci.toml", "--tag=-t").text == "b/m.py\nb:b")
    #expect(try list(variables: ["PANTS_TAG=-t"]).text == "b/m.py\nb:b")
    let gone = try list("--pants-config-files=gone.toml")
    #expect(
      gone.termination == .exited(2) && gone.errorText.contains("\"gone.toml\" does not exist"), "\(gone.errorText)")
  }

  @Test("Aliases stand for words and options, also of other aliases, and never for themselves or for commands")
  func aliases() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "a/BUILD": "python_sources(tags=['t'])\n", "a/m.py": "", "b/BUILD": "python_sources()\n", "b/m.py": "",
    ])
    func kilt(_ arguments: [String], _ alias: String) throws -> Subprocess.Outcome {
      try FileSystem.write(text: "[cli.alias]\n" + alias, to: root.appending("pants.toml"))
      return try example.kilt(arguments, in: root, environment: ["HOME=\(example.scratch)"])
    }
    let alias = "show = \"list\"\ntagged = \"show --only-t '::'\"\n\"--only-t\" = \"--tag=t\"\n"
    #expect(try kilt(["show", "b::"], alias).text == "b/m.py\nb:b")
    #expect(try kilt(["tagged"], alias).text == "a/m.py\na:a")
    #expect(try kilt(["list", "--only-t", "::"], alias).text == "a/m.py\na:a")
    // From elsewhere, and by a variable alone.
    let elsewhere = try example.kilt(["tagged", "-C", root.string], environment: ["HOME=\(example.scratch)"])
    #expect(elsewhere.text == "a/m.py\na:a", "\(elsewhere.errorText)")
    let itself = try kilt(["one"], "one = \"two\"\ntwo = \"one\"\n")
    #expect(itself.termination == .exited(2))
    #expect(
      itself.errorText.contains("the alias \"one\" of `[cli] alias` stands for itself\n  note: one -> two -> one"))
    let command = try kilt(["list", "::"], "list = \"peek\"\n")
    #expect(command.termination == .exited(2) && command.errorText.contains("has the name of a command"))
    // What follows `--` is another program's.
    try FileSystem.write(text: "import sys\nprint(sys.argv[1:])\n", to: root.appending("b/m.py"))
    #expect(try kilt(["run", "b/m.py", "--", "show"], alias).text.contains("['show']"))
  }

  @Test("A requirement is found by any spelling of its name, and by its name on a plain python_requirement")
  func requirementNames() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "pants.toml": "", "requirements.txt": "django-csp==3\nZope.Interface==5\n",
      "BUILD":
        "python_requirements(name='reqs')\npython_requirement(name='plain', requirements=['Foo_Bar==1', 'baz'])\n",
      "a/BUILD":
        "python_sources(sources=['./*.py'], dependencies=['//:reqs#django_csp', '//:reqs#zope-interface', '//:plain#foo-bar'])\n",
      "a/m.py": "",
    ])
    let outcome = try example.kilt(["dependencies", "a/m.py"], in: root, environment: ["HOME=\(example.scratch)"])
    #expect(outcome.text == "//:plain\n//:reqs#Zope.Interface\n//:reqs#django-csp", "\(outcome.errorText)")
    let other = try example.kilt(
      ["dependencies", "//:reqs#Django.CSP"], in: root, environment: ["HOME=\(example.scratch)"])
    #expect(other.termination.isSuccess, "\(other.errorText)")
    try FileSystem.write(
      text: "python_sources(dependencies=['//:reqs#django', '//:plain#csp'])\n", to: root.appending("a/BUILD"))
    let wrong = try example.kilt(["dependencies", "a/m.py"], in: root, environment: ["HOME=\(example.scratch)"])
    #expect(wrong.termination == .exited(2) && wrong.errorText.contains("\"//:reqs#django\""), "\(wrong.errorText)")
  }

  @Test("A default_resolve that names none is refused where it is used, and nowhere else") func unknownDefaultResolve()
    throws
  {
    let example = try Example()
    let root = try example.makeWorkspace([
      "pants.toml":
        "[python]\nenable_resolves = true\ndefault_resolve = \"nope\"\nresolves = {a = \"a.lock\"}\n"
        + "interpreter_constraints = [\">=3.8\"]\n",
      "a/BUILD": "python_sources(name='l', resolve='a')\npex_binary(name='b', entry_point='m.py', resolve='a')\n",
      "a/m.py": "print(1)\n",
      "c/BUILD": "python_sources(name='l')\npex_binary(name='b', entry_point='m.py')\npython_tests(name='t')\n",
      "c/m.py": "", "c/m_test.py": "def test_it(): pass\n",
    ])
    func kilt(_ arguments: String...) throws -> Subprocess.Outcome {
      try example.kilt(arguments, in: root, environment: ["HOME=\(example.scratch)"])
    }
    #expect(try kilt("list", "::").termination.isSuccess)
    #expect(try kilt("package", "a:b").termination.isSuccess)
    for call in [try kilt("package", "c:b"), try kilt("test", "c/m_test.py")] {
      #expect(call.termination == .exited(2))
      #expect(
        call.errorText.contains("uses the default resolve \"nope\", which pants.toml does not define"),
        "\(call.errorText)")
      #expect(call.errorText.contains("defined resolves: a"))
    }
  }

  @Test("Several verbs run one after the other, until one fails; a directory of that name is a spec")
  func severalVerbs() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "pants.toml": "", "a/BUILD": "pex_binary(name='b', entry_point='m.py')\npython_sources()\n",
      "a/m.py": "print(1)\n",
    ])
    let outcome = try example.kilt(["test", "package", "::"], in: root, environment: ["HOME=\(example.scratch)"])
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    #expect(outcome.errorText.contains("no tests are selected") && outcome.errorText.contains("built  dist/"))
    try FileSystem.createDirectories(root.appending("package"))
    let spec = try example.kilt(["test", "package", "::"], in: root, environment: ["HOME=\(example.scratch)"])
    #expect(!spec.errorText.contains("dist/"), "\(spec.errorText)")
  }

  @Test("What Pants would build or test and Kilt does not is named, and fails with --strict") func passedOver() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "pants.toml": "",
      "a/BUILD": """
      docker_image(name="image")
      python_aws_lambda_function(name="lambda", handler="m.py:f")
      shunit2_tests(name="shell")
      pex_binary(name="b", entry_point="m.py")
      python_sources()
      """, "a/m.py": "print(1)\n", "a/Dockerfile": "FROM scratch\n", "a/m_test.sh": "#!/bin/sh\n",
    ])
    func kilt(_ arguments: String...) throws -> Subprocess.Outcome {
      try example.kilt(arguments, in: root, environment: ["HOME=\(example.scratch)"])
    }
    let text =
      "passed over 2 targets (1 docker_image, 1 python_aws_lambda_function): kilt package does not support these types"
    let package = try kilt("package", "::")
    #expect(package.termination.isSuccess && package.errorText.contains("note: " + text), "\(package.errorText)")
    let strict = try kilt("package", "::", "--strict")
    #expect(strict.termination == .exited(1), "\(strict.errorText)")
    #expect(strict.errorText.contains("error: " + text) && strict.errorText.contains("dist/"))
    #expect(
      try kilt("package", "::", "--strict", "--filter-target-type=-docker_image,python_aws_lambda_function").termination
        .isSuccess)
    let test = try kilt("test", "::")
    #expect(test.termination.isSuccess && test.errorText.contains("passed over 1 target (1 shunit2_test)"))
    #expect(try kilt("test", "::", "--strict").termination == .exited(1))
    #expect(try !kilt("package", "a:b").errorText.contains("passed over"))
  }

  @Test("A target of an environment that is not this machine is refused with its place, and the others are built")
  func environments() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "pants.toml": """
      [environments-preview.names]
      docker = "//:docker"
      here = "//:here"
      mac = "//:mac"
      gone = "//:gone"
      """,
      "BUILD": """
      docker_environment(name="docker", image="x")
      local_environment(name="here", compatible_platforms=["linux_x86_64", "linux_arm64"])
      local_environment(name="mac", compatible_platforms=["macos_arm64"])
      """,
      "a/BUILD": """
      python_sources()
      python_tests(name="tests", environment="docker")
      pex_binary(name="plain", entry_point="m.py")
      pex_binary(name="here", entry_point="m.py", environment="here")
      pex_binary(name="docker", entry_point="m.py", environment="docker")
      pex_binary(name="mac", entry_point="m.py", environment="mac")
      pex_binary(name="gone", entry_point="m.py", environment="gone")
      pex_binary(name="other", entry_point="m.py", environment="other")
      """, "a/m.py": "print(1)\n", "a/m_test.py": "def test_it(): pass\n",
    ])
    func kilt(_ arguments: String...) throws -> Subprocess.Outcome {
      try example.kilt(arguments, in: root, environment: ["HOME=\(example.scratch)"])
    }
    let all = try kilt("package", "::")
    #expect(all.termination == .exited(1))
    for says in [
      "cannot build \"a:docker\" here: its environment \"docker\" is a docker_environment",
      "--> a/BUILD:5:", "its environment \"mac\" is for macos_arm64", "is \"//:gone\", which does not exist",
      "unknown environment \"other\" of \"a:other\"", "defined environments: docker, gone, here, mac",
      "dist/a_plain-", "dist/a_here-",
    ] { #expect(all.errorText.contains(says), "\(says): \(all.errorText)") }
    for call in [["run", "a:docker"], ["test", "a/m_test.py"]] {
      let outcome = try example.kilt(call, in: root, environment: ["HOME=\(example.scratch)"])
      #expect(
        outcome.termination == .exited(2) && outcome.errorText.contains("docker_environment"), "\(outcome.errorText)")
    }
  }
}
