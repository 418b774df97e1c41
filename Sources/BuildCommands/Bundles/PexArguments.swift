/// The arguments of the pex command in `extra_build_args`, which Pants passes on after those from fields. Kilt starts
/// no pex: each option has the effect of the matching field, or none, or is refused.
///
/// Source: `pex --help` of 2.105.
struct PexArguments {
  /// An option as it was given.
  struct Option: Equatable {
    /// As written.
    var name: String
    /// Its effect, under its first name in ``known``.
    var kind: Kind
    var value: String?
  }

  /// The treatment of an option.
  enum Kind: Equatable {
    /// Sets the value of a field.
    case sets(Setting)
    /// Has no meaning for a bundle that is built without pex: caches, the resolver, jobs, output.
    case nothing
    /// Has no effect that anybody relies on for correctness, and a note says so.
    case noted(String)
    /// Would make another file: one that brings a Python.
    case scie
    /// The replacement to write.
    case refused(String)
  }

  enum Setting: Equatable {
    case inheritPath, stripsPexEnvironment(Bool), emitsWarnings(Bool), includesTools, hasHermeticScripts(Bool)
    case copiesSitePackages(Bool), allowsCollisions, shebang, interpreterFlags, layout, check, compress(Bool), argument,
      environment
  }

  /// The problem of the arguments.
  enum Failure: Error, Equatable {
    case unknown(String)
    case refused(String, remedy: String)
    case lacksValue(String)
    case unexpectedValue(String)
    case wrongValue(String, String, choices: [String])
    /// A word that belongs to no option: pex treats it as a requirement.
    case requirement(String)
  }

  private(set) var options: [Option] = []

  init(_ arguments: [String]) throws(Failure) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument != "-" else { throw .requirement(argument) }
      var (name, value) = Self.split(argument)
      if name == "--" {
        throw .refused(name, remedy: "the words after it are arguments of the program: use the field \"args\"")
      }
      guard let known = Self.named[name] else { throw .unknown(name) }
      switch known.arity {
      case .flag:
        // -vvv is -v three times.
        if name == "-v", value?.allSatisfy({ $0 == "v" }) ?? true { break }
        if value != nil { throw .unexpectedValue(name) }
      case .optional: break
      case .value:
        if value == nil { value = rest.popFirst() }
        guard let value else { throw .lacksValue(name) }
        if let choices = known.choices, !choices.contains(value) {
          throw .wrongValue(name, value, choices: choices)
        }
      }
      if case .refused(let remedy) = known.kind { throw .refused(name, remedy: remedy) }
      options.append(Option(name: name, kind: known.kind, value: value))
    }
  }

  /// The names that there are, for suggestions.
  static var names: [String] { named.keys.sorted() }

  private static func split(_ argument: String) -> (name: String, value: String?) {
    if argument.hasPrefix("--") {
      guard let equal = argument.firstIndex(of: "=") else { return (argument, nil) }
      return (String(argument[..<equal]), String(argument[argument.index(after: equal)...]))
    }
    let value = argument.dropFirst(2)
    return (String(argument.prefix(2)), value.isEmpty ? nil : String(value))
  }

  private enum Arity { case flag, value, optional }

  private struct Known {
    var names: [String]
    var arity: Arity
    var kind: Kind
    var choices: [String]?
  }

  private static let named: [String: Known] = Dictionary(
    known.flatMap { known in known.names.map { ($0, known) } }, uniquingKeysWith: { first, _ in first })

  private static func flags(_ names: String, _ kind: Kind) -> Known {
    Known(names: names.split(separator: " ").map(String.init), arity: .flag, kind: kind)
  }

  private static func values(_ names: String, _ kind: Kind, _ choices: [String]? = nil) -> Known {
    Known(names: names.split(separator: " ").map(String.init), arity: .value, kind: kind, choices: choices)
  }

  private static func optional(_ names: String, _ kind: Kind) -> Known {
    Known(names: names.split(separator: " ").map(String.init), arity: .optional, kind: kind)
  }

  private static let ofIndex = Kind.noted("files come from the package index of pip's configuration")
  private static let ofLock = Kind.refused(
    "versions come from the lockfile: configure the resolve, then run `kilt lock`")
  private static let ofSources = Kind.refused("use the field \"dependencies\"")

  private static let known: [Known] =
    settings + withoutMeaning + [
      // Other files than a bundle.
      values("--scie --par", .scie, ["lazy", "eager"]),
      flags(
        "--scie-only --no-scie-only --pex-and-scie --scie-load-dotenv --no-scie-load-dotenv --scie-windowed "
          + "--scie-prompt-desktop-install --no-scie-prompt-desktop-install --scie-pbs-free-threaded "
          + "--no-scie-pbs-free-threaded --scie-pbs-debug --no-scie-pbs-debug --scie-pbs-stripped "
          + "--no-scie-pbs-stripped --scie-pex-entrypoint-env-passthrough --no-scie-pex-entrypoint-env-passthrough "
          + "--scie-busybox-pex-entrypoint-env-passthrough --no-scie-busybox-pex-entrypoint-env-passthrough", .scie),
      values(
        "--scie-icon --scie-name-style --scie-bind-resource-path --scie-exe --scie-args --scie-env --scie-busybox "
          + "--scie-platform --scie-pbs-release --scie-pypy-release --scie-python-version --scie-hash-alg "
          + "--scie-science-binary --scie-assets-base-url --scie-base", .scie),
      optional("--scie-desktop-file", .scie),
      // Noted.
      values("-f --find-links --repo -i --index --index-url --source", ofIndex),
      flags("--pypi --no-pypi --no-index", ofIndex),
      values("--build-property --build-properties", .noted("PEX-INFO has no properties of the build")),
      flags("--record-git-state", .noted("the name of the file contains the commit")),
      values("--runtime-pex-root", .noted("PEX_ROOT sets on a host where bundles are unpacked")),
      flags("--use-system-time", .noted("equal inputs give equal bytes, so times are fixed")),
      // Refused.
      flags(
        "--validate-entry-point",
        .refused("Kilt does not execute the code of a bundle when it builds the bundle: remove it")),
      flags("--venv-system-site-packages", .refused("use inherit_path=\"fallback\"")),
      values("--pex-path", .refused("set PEX_PATH where the bundle is started")),
      values("--bind-resource-path", .refused("bundles do not support it: remove it")),
      values("-o --output-file", .refused("use the field \"output_path\"")),
      values("-m -e --entry-point", .refused("use the field \"entry_point\"")),
      values("-c --script --console-script", .refused("use the field \"script\"")),
      values("--exe --executable --python-script", .refused("use the field \"executable\"")),
      values("--platform --abbreviated-platform", .refused("use the field \"platforms\"")),
      values("--complete-platform", .refused("use the field \"complete_platforms\"")),
      values(
        "--python --python-path --interpreter-constraint --interpreter-selection-strategy",
        .refused("use the field \"interpreter_constraints\"")),
      values("-p --preamble-file", .refused("bundles start with their own script: remove it")),
      values("-D --sources-directory -R --resources-directory -P --package -M --module", ofSources),
      values("--project --group --dependency-group -r --requirement --requirements --with-requirements", ofSources),
      values("--requirements-pex --pex-repository --pre-resolved-dist --pre-resolved-dists", ofSources),
      optional("--venv-repository", ofSources),
      values("--constraint --constraints --exclude --override --lock --pex-lock --pylock --pep-751-lock", ofLock),
      values("--path-mapping --pylock-extra --pylock-group --pylock-dependency-group --uploaded-prior-to", ofLock),
      values("--only-binary --only-wheel --only-build", ofLock),
      flags(
        "--pre --wheel --binary --no-wheel --no-use-wheel --no-binary --no-use-binary --build --no-build "
          + "--no-transitive --intransitive", ofLock),
    ]

  private static let settings: [Known] = [
    values("--inherit-path", .sets(.inheritPath), ["false", "prefer", "fallback"]),
    flags("--strip-pex-env", .sets(.stripsPexEnvironment(true))),
    flags("--no-strip-pex-env", .sets(.stripsPexEnvironment(false))),
    flags("--emit-warnings", .sets(.emitsWarnings(true))),
    flags("--no-emit-warnings", .sets(.emitsWarnings(false))),
    flags("--include-tools", .sets(.includesTools)),
    flags("--non-hermetic-venv-scripts", .sets(.hasHermeticScripts(false))),
    flags("--venv-site-packages-copies", .sets(.copiesSitePackages(true))),
    flags("--no-venv-site-packages-copies", .sets(.copiesSitePackages(false))),
    flags("--ignore-errors", .sets(.allowsCollisions)), values("--python-shebang", .sets(.shebang)),
    values("--layout", .sets(.layout), ["zipapp", "packed", "loose"]),
    values("--check", .sets(.check), ["none", "warn", "error"]),
    flags("--compress --compressed", .sets(.compress(true))),
    flags("--no-compress --not-compressed --no-compression", .sets(.compress(false))),
    values("--inject-python-args", .sets(.interpreterFlags)), values("--inject-args", .sets(.argument)),
    values("--inject-env", .sets(.environment)),
  ]

  /// Options that only affect pex's own work, or the start of a PEX file: every bundle starts through a shell from an
  /// unpacked tree.
  private static let withoutMeaning: [Known] = [
    flags(
      "--allow-pip-version-fallback --no-allow-pip-version-fallback --use-pip-config --no-use-pip-config "
        + "--derive-sources-from-requirements-files --no-pre --prefer-wheel --prefer-binary --no-prefer-wheel "
        + "--no-prefer-binary --force-pep517 --use-pep517 --no-use-pep517 --build-isolation --no-build-isolation "
        + "--transitive --no-record-git-state --zip-safe --not-zip-safe --pre-install-wheels "
        + "--no-pre-install-wheels --unzip --no-unzip --venv-copies --no-venv-copies --no-venv-system-site-packages "
        + "--rc --no-rc --pexrc --no-pexrc --native-runtime --no-native-runtime --always-write-cache --compile "
        + "--no-compile --no-use-system-time --resolve-local-platforms --sh-boot --no-sh-boot --no-pep723 "
        + "--no-enable-script-metadata -v --disable-cache --no-seed", .nothing),
    values(
      "--resolver-version --pip-version --extra-pip-requirement --keyring-provider --retries --resume-retries "
        + "--timeout --proxy --cert --client-cert --cache-ttl -H --header -j --jobs --max-install-jobs -Z "
        + "--compression-method --compression-level --pexrc-platform --pexrc-binary --pex-root --cache-dir --tmpdir "
        + "--rcfile", .nothing),
    optional(
      "--pip-log --preserve-pip-download-log --no-preserve-pip-download-log --venv --manylinux --no-manylinux "
        + "--no-use-manylinux --seed", .nothing),
  ]
}
