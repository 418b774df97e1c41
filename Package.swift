// swift-tools-version: 6.2
// The modules of Kilt, from the ground up. An arrow goes only to a lower floor; docs/architecture.md has a section for each.
//
// KILT_MODULES=Zip,Starlark swift test   builds and tests these modules and what they need, and resolves only the
// packages they use: the edit loop of one module does not pay for the others.

import PackageDescription

/// One module: what it may import and what its tests need besides.
struct Module {
  var name: String
  var dependencies: [String] = []
  var packages: [External] = []
  var resources: [Resource] = []
  var testDependencies: [String] = []
  var testPackages: [External] = []
  var testResources: [Resource] = []
  /// Where the sources are, and that there are no tests of them, for what only tests use.
  var testSupportPath: String?
}

/// A product of another package.
enum External: CaseIterable {
  case argumentParser, crypto, cryptoExtras, systemPackage, grdb
  case hummingbird, hummingbirdTLS, hummingbirdTesting, log, serviceLifecycle, unixSignals

  var product: Target.Dependency {
    switch self {
    case .argumentParser: .product(name: "ArgumentParser", package: "swift-argument-parser")
    case .crypto: .product(name: "Crypto", package: "swift-crypto")
    case .cryptoExtras: .product(name: "CryptoExtras", package: "swift-crypto")
    case .systemPackage: .product(name: "SystemPackage", package: "swift-system")
    case .grdb: .product(name: "GRDB", package: "GRDB.swift")
    case .hummingbird: .product(name: "Hummingbird", package: "hummingbird")
    case .hummingbirdTLS: .product(name: "HummingbirdTLS", package: "hummingbird")
    case .hummingbirdTesting: .product(name: "HummingbirdTesting", package: "hummingbird")
    case .log: .product(name: "Logging", package: "swift-log")
    case .serviceLifecycle: .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    case .unixSignals: .product(name: "UnixSignals", package: "swift-service-lifecycle")
    }
  }

  var url: String {
    switch self {
    case .argumentParser: "https://github.com/apple/swift-argument-parser"
    case .crypto, .cryptoExtras: "https://github.com/apple/swift-crypto"
    case .systemPackage: "https://github.com/apple/swift-system"
    case .grdb: "https://github.com/groue/GRDB.swift"
    case .hummingbird, .hummingbirdTLS, .hummingbirdTesting: "https://github.com/hummingbird-project/hummingbird"
    case .log: "https://github.com/apple/swift-log"
    case .serviceLifecycle, .unixSignals: "https://github.com/swift-server/swift-service-lifecycle"
    }
  }

  var version: Version {
    switch self {
    case .argumentParser: "1.8.2"
    case .crypto, .cryptoExtras: "4.5.2"
    case .systemPackage: "1.8.1"
    case .grdb: "7.10.0"
    case .hummingbird, .hummingbirdTLS, .hummingbirdTesting: "2.28.1"
    case .log: "1.16.2"
    case .serviceLifecycle, .unixSignals: "2.13.0"
    }
  }
}

let systemLibraries: [String: Target] = [
  "CLibdeflate": .systemLibrary(name: "CLibdeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
  "CZlib": .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  "CLibYAML": .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
  "CLibSeccomp": .systemLibrary(name: "CLibSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
]

/// C targets of our own: `CSystemShims` makes GNU functions visible, `CCurlShims` loads libcurl when it is first
/// used, `CArchiveShims`, `CSQLiteShims`, `CPostgresShims` and `CZooKeeperShims` do so with libarchive, SQLite, libpq and
/// libzookeeper-mt, `CHostShims` reads clock and limits, `CFuzzDriver` is the header of libFuzzer. And `FuzzCorpus`, which tests read the fuzzers' inputs with.
let shims: [String: Target] = [
  "CSystemShims": .target(name: "CSystemShims"),
  "CHostShims": .target(name: "CHostShims"),
  "CCurlShims": .target(name: "CCurlShims"),
  "CArchiveShims": .target(name: "CArchiveShims"),
  "CSQLiteShims": .target(name: "CSQLiteShims"),
  "CZooKeeperShims": .target(name: "CZooKeeperShims"),
  "CPostgresShims": .target(name: "CPostgresShims"),
  "CFuzzDriver": .target(name: "CFuzzDriver", path: "Fuzz/driver"),
  "FuzzCorpus": .target(name: "FuzzCorpus", path: "Fuzz/corpus"),
]

let modules: [Module] = [
  Module(
    name: "TestServers", dependencies: ["SystemSupport"], packages: [.systemPackage],
    testSupportPath: "Tests/TestServers"),
  // Floor 1
  Module(name: "SystemSupport", dependencies: ["CSystemShims"], packages: [.systemPackage]),
  Module(name: "Diagnostics"),
  Module(name: "JSON", testDependencies: ["FuzzCorpus"]),
  Module(name: "MarkupText"),
  Module(name: "StarlarkSyntax"),
  Module(
    name: "Starlark", dependencies: ["StarlarkSyntax"], testDependencies: ["FuzzCorpus"],
    testResources: [.copy("Cases")]),
  Module(name: "YAML", dependencies: ["CLibYAML", "Diagnostics"]),
  // Floor 2
  Module(name: "TOML", dependencies: ["JSON"], testDependencies: ["SystemSupport", "FuzzCorpus"]),
  Module(name: "Digests", dependencies: ["SystemSupport"], packages: [.crypto, .systemPackage]),
  Module(
    name: "Zip", dependencies: ["CLibdeflate", "CZlib", "SystemSupport", "Diagnostics"], packages: [.systemPackage]),
  Module(
    name: "Archive", dependencies: ["CArchiveShims", "SystemSupport", "Diagnostics"], packages: [.systemPackage]),
  Module(name: "Snapshot", dependencies: ["CLibdeflate", "SystemSupport"], packages: [.systemPackage]),
  Module(
    name: "HTTPClient", dependencies: ["CCurlShims", "SystemSupport", "Diagnostics"]),
  Module(name: "DirectoryTrust", dependencies: ["CSystemShims", "SystemSupport", "Diagnostics"]),
  // Floor 3
  Module(
    name: "ContentStore", dependencies: ["DirectoryTrust", "Digests", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage],
    testDependencies: ["CSystemShims"]),
  Module(name: "PythonImports", testDependencies: ["SystemSupport"]),
  Module(
    name: "PythonPackaging",
    dependencies: [
      "TOML", "JSON", "HTTPClient", "ContentStore", "Digests", "Zip", "Archive", "SystemSupport", "Diagnostics",
    ],
    packages: [.systemPackage]),
  Module(
    name: "HostChecks", dependencies: ["CHostShims", "DirectoryTrust", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage]),
  // Floor 4
  Module(
    name: "BuildFiles", dependencies: ["Snapshot", "Starlark", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage]),
  Module(name: "PythonProjects", dependencies: ["BuildFiles", "Starlark", "TOML", "JSON", "Diagnostics"]),
  Module(
    name: "Workspace",
    dependencies: [
      "PythonProjects", "BuildFiles", "Snapshot", "Digests", "Starlark", "TOML", "JSON", "SystemSupport", "Diagnostics",
    ],
    packages: [.systemPackage]),
  Module(
    name: "Artifacts",
    dependencies: [
      "MarkupText", "JSON", "TOML", "HTTPClient", "DirectoryTrust", "Digests", "CSystemShims", "SystemSupport",
      "Diagnostics",
    ],
    packages: [.crypto, .systemPackage], testDependencies: ["TestServers"]),
  Module(name: "JobModel", dependencies: ["JSON"]),
  Module(name: "SchedulerAccess", dependencies: ["SystemSupport", "Diagnostics"], packages: [.systemPackage]),
  // Floor 5
  Module(
    name: "TargetGraph",
    dependencies: [
      "BuildFiles", "Workspace", "PythonProjects", "PythonImports", "Snapshot", "Digests", "Starlark", "TOML", "JSON",
      "SystemSupport",
      "Diagnostics",
    ],
    packages: [.systemPackage]),
  Module(
    name: "JobFiles",
    dependencies: ["JobModel", "JSON", "Starlark", "YAML", "Digests", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage]),
  Module(name: "Pipelines", dependencies: ["JobModel", "MarkupText", "JSON"]),
  Module(name: "Discovery", dependencies: ["JobModel", "JSON"]),
  Module(name: "SchedulerCore", dependencies: ["Pipelines", "JobModel", "JSON", "Diagnostics"]),
  Module(
    name: "Observability", dependencies: ["JobModel", "JSON", "Diagnostics"],
    testDependencies: ["HTTPClient", "SystemSupport"]),
  Module(
    name: "RemoteCache",
    dependencies: ["Artifacts", "ContentStore", "Digests", "JSON", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage],
    testDependencies: ["TestServers", "SigningKeys", "Actions", "HTTPClient", "CSystemShims"]),
  Module(
    name: "SigningKeys", dependencies: ["Artifacts", "Digests", "SystemSupport", "Diagnostics"],
    packages: [.crypto, .cryptoExtras, .systemPackage], testDependencies: ["JSON"]),
  // Floor 6
  Module(
    name: "PipelineFiles",
    dependencies: ["SchedulerCore", "Pipelines", "JobModel", "JSON", "YAML", "SystemSupport", "Diagnostics"]),
  Module(
    name: "LocalPipelines",
    dependencies: ["Pipelines", "JobModel", "JSON", "CSQLiteShims", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage], testDependencies: ["PipelineFiles"]),
  Module(
    name: "PipelineDatabase", dependencies: ["Pipelines", "JobModel", "JSON", "CPostgresShims", "Diagnostics"],
    testDependencies: ["TestServers", "SystemSupport"]),
  Module(
    name: "Tailor",
    dependencies: [
      "TargetGraph", "Workspace", "BuildFiles", "PythonPackaging", "Snapshot", "Starlark", "StarlarkSyntax", "JSON",
      "SystemSupport", "Diagnostics",
    ],
    packages: [.systemPackage]),
  Module(
    name: "Bundles",
    dependencies: [
      "DirectoryTrust", "Zip", "Digests", "MarkupText", "JSON", "ContentStore", "SystemSupport", "Diagnostics",
    ],
    packages: [.systemPackage],
    resources: ["prefix.sh", "main.py", "import.py"].map { .embedInCode("Boot/\($0)") }
      + ["boot", "main", "run", "tags", "tools", "tree", "trust", "unpack"].map { .embedInCode("Boot/kilt_\($0).py") }),
  Module(
    name: "Actions", dependencies: ["ContentStore", "Digests", "JSON", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage]),
  Module(
    name: "SchedulerStore", dependencies: ["SchedulerCore", "Pipelines", "JobModel", "JSON", "Diagnostics"],
    packages: [.grdb]),
  Module(
    name: "SchedulerSimulation", dependencies: ["SchedulerCore", "Pipelines", "JobModel", "JSON", "Diagnostics"]),
  Module(
    name: "Executor",
    dependencies: [
      "Discovery", "JobModel", "JSON", "HTTPClient", "Digests", "CLibSeccomp", "CSystemShims", "SystemSupport",
      "Diagnostics",
    ],
    packages: [.systemPackage], testDependencies: ["TestServers", "kilt-executor", "kilt-init"]),
  Module(
    name: "SwarmEngine", dependencies: ["JobModel", "JSON", "HTTPClient", "Digests", "SystemSupport", "Diagnostics"]),
  Module(
    name: "SchedulerClient",
    dependencies: ["SchedulerAccess", "Discovery", "JobModel", "JSON", "HTTPClient", "Diagnostics", "SystemSupport"]),
  Module(
    name: "PythonEnvironments",
    dependencies: ["PythonPackaging", "ContentStore", "Zip", "Digests", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage]),
  Module(
    name: "ZooKeeper", dependencies: ["CZooKeeperShims", "JSON", "SystemSupport", "Diagnostics"],
    packages: [.crypto, .systemPackage],
    testDependencies: ["TestServers", "kilt-zookeeper", "kilt-router", "kilt-scheduler", "kilt-executor", "kilt-init"]),
  Module(
    name: "Routing", dependencies: ["Discovery", "JobModel", "YAML", "JSON", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage], testDependencies: ["TestServers", "HTTPClient"]),
  // Floor 7
  Module(
    name: "BuildCommands",
    dependencies: [
      "TargetGraph", "Workspace", "PythonProjects", "BuildFiles", "Bundles", "Actions", "Artifacts", "PythonPackaging",
      "ContentStore",
      "Digests", "Zip", "Archive", "TOML", "JSON", "SystemSupport", "Diagnostics",
    ],
    packages: [.systemPackage]),
  Module(
    name: "PythonCommands",
    dependencies: [
      "BuildCommands", "Actions", "PythonEnvironments", "PythonProjects", "TargetGraph", "Workspace", "BuildFiles",
      "PythonPackaging", "ContentStore", "Digests", "MarkupText", "JSON", "SystemSupport", "Diagnostics",
    ],
    packages: [.systemPackage],
    resources: ["kilt_test_runner.py", "kilt_coverage.py"].map { .embedInCode("Runner/\($0)") }),
  Module(
    name: "LintCommands",
    dependencies: [
      "PythonCommands", "PythonEnvironments", "PythonPackaging", "TargetGraph", "Workspace", "BuildFiles",
      "ContentStore", "Snapshot", "Digests", "MarkupText", "TOML", "JSON", "SystemSupport", "Diagnostics",
    ],
    packages: [.systemPackage]),
  Module(
    name: "RunnerCommands",
    dependencies: ["Archive", "Artifacts", "Bundles", "Digests", "JSON", "SystemSupport", "Diagnostics"],
    packages: [.systemPackage], testDependencies: ["SigningKeys", "pex-runner", "kilt"]),
  Module(
    name: "SchedulerServer",
    dependencies: [
      "CLibdeflate", "Pipelines", "PipelineDatabase", "SchedulerCore", "SchedulerStore", "SchedulerAccess", "Executor",
      "SwarmEngine",
      "Observability", "Discovery", "JobModel", "JobFiles", "Artifacts", "HTTPClient", "MarkupText", "TOML", "JSON",
      "Zip", "Digests", "SystemSupport", "Diagnostics",
    ],
    packages: [
      .argumentParser, .crypto, .hummingbird, .hummingbirdTLS, .log, .serviceLifecycle, .unixSignals, .systemPackage,
    ],
    testDependencies: [
      "TestServers",
      "SchedulerClient", "SigningKeys", "CSystemShims", "kilt", "kilt-scheduler", "kilt-executor",
      "kilt-init", "pex-runner",
    ]),
  Module(
    name: "RouterCommands",
    dependencies: [
      "Routing", "SchedulerClient", "SchedulerAccess", "Discovery", "JobModel", "HTTPClient", "JSON", "SystemSupport",
      "Diagnostics",
    ],
    packages: [.argumentParser, .hummingbird, .log, .serviceLifecycle, .unixSignals, .systemPackage],
    testDependencies: ["kilt-router", "kilt-scheduler", "kilt-executor", "kilt-init", "kilt-zookeeper"]),
  // Floor 8
  Module(
    name: "KiltCommands",
    dependencies: [
      "BuildCommands", "LintCommands", "PythonCommands", "PythonEnvironments", "PythonProjects", "HostChecks", "Tailor",
      "TargetGraph",
      "Workspace",
      "BuildFiles", "Artifacts", "RemoteCache", "SigningKeys", "Discovery", "JobFiles", "JobModel", "SchedulerAccess",
      "SchedulerClient", "SchedulerCore", "SwarmEngine", "Observability", "Starlark", "PythonPackaging", "Bundles",
      "Actions", "Pipelines", "PipelineFiles", "LocalPipelines",
      "ContentStore",
      "Digests", "Zip", "JSON", "TOML", "SystemSupport", "Diagnostics",
    ],
    packages: [.argumentParser, .systemPackage]),
]

/// Floor 9: the executables, one file each. `kilt scheduler` starts `kilt-scheduler`, and `kilt router` `kilt-router`, so
/// that web servers and the database stay out of what `kilt` links.
let executables: [Module] = [
  Module(name: "kilt", dependencies: ["KiltCommands"]),
  Module(name: "pex-runner", dependencies: ["RunnerCommands"]),
  Module(name: "kilt-executor", dependencies: ["Executor"]),
  Module(name: "kilt-scheduler", dependencies: ["SchedulerServer", "SystemSupport"]),
  Module(name: "kilt-router", dependencies: ["RouterCommands", "SystemSupport"]),
  Module(name: "kilt-zookeeper", dependencies: ["ZooKeeper"]),
]

/// The executable in C: `kilt-executor` starts it once for each run, inside the sandbox. Linked statically, it needs
/// nothing there, and its start costs no loader.
let nativeExecutable = "kilt-init"

var settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
/// Programs that no user has: `scripts/fuzz` and Benchmarks build one of them, and what it needs, with `KILT_TOOL=NAME`.
let tools: [(path: String, module: Module)] = [
  ("Fuzz/starlark", Module(name: "starlark-fuzz", dependencies: ["CFuzzDriver", "Starlark"])),
  ("Fuzz/json", Module(name: "json-fuzz", dependencies: ["CFuzzDriver", "JSON"])),
  ("Fuzz/toml", Module(name: "toml-fuzz", dependencies: ["CFuzzDriver", "TOML", "JSON"])),
  (
    "Fuzz/job",
    Module(
      name: "job-fuzz", dependencies: ["CFuzzDriver", "JobFiles", "JobModel", "JSON", "SystemSupport", "Diagnostics"],
      packages: [.systemPackage])
  ),
  (
    "Fuzz/zip",
    Module(
      name: "zip-fuzz", dependencies: ["CFuzzDriver", "Zip", "SystemSupport", "Diagnostics"],
      packages: [.systemPackage])
  ),
  (
    "Benchmarks/imports/program",
    Module(name: "imports-benchmark", dependencies: ["PythonImports", "SystemSupport"], packages: [.systemPackage])
  ),
  (
    "Fuzz/simulation",
    Module(
      name: "scheduler-simulation", dependencies: ["SchedulerSimulation", "SchedulerCore", "SystemSupport"],
      packages: [.systemPackage])
  ),
  (
    "Benchmarks/scheduler/core",
    Module(
      name: "scheduler-core-benchmark", dependencies: ["SchedulerCore", "JobModel", "SystemSupport"],
      packages: [.systemPackage])
  ),
  (
    "Benchmarks/starlark",
    Module(name: "starlark-benchmark", dependencies: ["Starlark", "SystemSupport"], packages: [.systemPackage])
  ),
]

// As in scripts/test: a warning in code of our own fails the build.
if Context.environment["KILT_WARNINGS"] == "error" { settings.append(.treatAllWarnings(as: .error)) }

// What KILT_MODULES selects, with all it needs; everything by default.
let byName = Dictionary(uniqueKeysWithValues: (modules + executables).map { ($0.name, $0) })
/// Adds a module and, transitively, what it depends on.
func select(_ name: String, into selected: inout Set<String>) {
  guard selected.insert(name).inserted, let module = byName[name] else { return }
  for dependency in module.dependencies { select(dependency, into: &selected) }
}
var selected = Set<String>()
let tool = tools.first { $0.module.name == Context.environment["KILT_TOOL"] }
let wanted =
  tool == nil
  ? Context.environment["KILT_MODULES"].map { Set($0.split(separator: ",").map(String.init)) } : []
for module in modules + executables where wanted?.contains(module.name) ?? true {
  for name in [module.name] + module.testDependencies { select(name, into: &selected) }
}

/// Tests that drive the built executables end to end.
let endToEnd = wanted == nil || wanted?.contains("EndToEnd") == true
if endToEnd { for name in executables.map(\.name) + [nativeExecutable] { select(name, into: &selected) } }

func dependencies(of module: Module) -> [Target.Dependency] {
  module.dependencies.map { .byName(name: $0) } + module.packages.map(\.product)
}

// The linker that comes with the toolchain links a debug build in a sixth of the default's time.
let linker: [LinkerSetting] = [.unsafeFlags(["-use-ld=lld"])]
/// Executables export nothing in a release build: what is exported, the linker must keep.
let executableLinker: [LinkerSetting] =
  linker + [.unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(configuration: .release))]

if let tool { for name in tool.module.dependencies { select(name, into: &selected) } }

var targets: [Target] = selected.compactMap { systemLibraries[$0] ?? shims[$0] }
for module in modules where selected.contains(module.name) {
  targets.append(
    .target(
      name: module.name, dependencies: dependencies(of: module), path: module.testSupportPath,
      resources: module.resources, swiftSettings: settings))
  if module.testSupportPath == nil, wanted?.contains(module.name) ?? true {
    targets.append(
      .testTarget(
        name: module.name + "Tests",
        dependencies: [.byName(name: module.name)]
          + (module.dependencies + module.testDependencies).map { .byName(name: $0) }
          + (module.packages + module.testPackages).map(\.product),
        resources: module.testResources, swiftSettings: settings, linkerSettings: linker))
  }
}
for module in executables where selected.contains(module.name) {
  targets.append(
    .executableTarget(
      name: module.name, dependencies: dependencies(of: module), swiftSettings: settings,
      linkerSettings: executableLinker))
}
if selected.contains(nativeExecutable) {
  targets.append(
    .executableTarget(
      name: nativeExecutable,
      linkerSettings: [.unsafeFlags(["-use-ld=lld", "-static-executable", "-Xlinker", "--gc-sections"])]))
}
if endToEnd {
  targets.append(
    .testTarget(
      name: "EndToEndTests",
      dependencies: (executables.map(\.name) + [nativeExecutable]).map { .byName(name: $0) } + [
        "SystemSupport", "JSON",
      ],
      swiftSettings: settings, linkerSettings: linker))
}

if let tool {
  targets.append(
    .executableTarget(
      name: tool.module.name, dependencies: dependencies(of: tool.module), path: tool.path, sources: ["main.swift"],
      swiftSettings: settings, linkerSettings: linker))
}

let used =
  (modules + executables).filter { selected.contains($0.name) }.flatMap(\.packages) + (tool?.module.packages ?? [])
let package = Package(
  name: "kilt",
  products: (executables.map(\.name) + [nativeExecutable]).filter { selected.contains($0) }
    .map { .executable(name: $0, targets: [$0]) },
  dependencies: Dictionary(used.map { ($0.url, $0.version) }, uniquingKeysWith: { first, _ in first })
    .sorted { $0.key < $1.key }.map { .package(url: $0.key, from: $0.value) },
  targets: targets,
  swiftLanguageModes: [.v6]
)
