import Digests
import JSON

/// The member `PEX-INFO`: the keys that the tools of PEX read, and `kilt` for our own boot code.
struct PexInfo {
  var specification: BundleSpecification
  var pythons: SupportedPythons
  var codeHash: SHA256Digest

  /// The JSON, members sorted by name.
  /// - Parameter id: empty when the identity is computed from these very bytes.
  func bytes(id: String) -> [UInt8] {
    let constraints = specification.interpreterConstraints
    var members: [(String, JSONValue)] = [
      ("bind_resource_paths", [:]),
      ("bootstrap_hash", .string(String(Boot.digest.hex.prefix(40)))),
      ("build_properties", ["kilt_format": 1]),
      ("code_hash", .string(String(codeHash.hex.prefix(40)))),
      ("deps_are_wheel_files", .bool(specification.layout == .packed)),
      (
        "distributions",
        .object(JSONObject(specification.wheels.map { ($0.fileName, .string($0.sha256.hex)) }))
      ),
      ("emit_warnings", .bool(specification.emitsWarnings)),
      ("excluded", []),
      ("ignore_errors", false),
      ("includes_tools", .bool(specification.hasTools)),
      ("inherit_path", .string(specification.inheritPath.rawValue)),
      ("inject_args", .strings(specification.arguments)),
      (
        "inject_env",
        .object(JSONObject(specification.environment.map { ($0.key, JSONValue.string($0.value)) }))
      ),
      ("inject_python_args", .strings(specification.interpreterFlags)),
      ("interpreter_constraints", .strings(constraints)),
      ("interpreter_selection_strategy", "newest"),
      ("max_install_jobs", 0),
      ("overridden", []),
      ("pex_hash", .string(String(id.prefix(40)))),
      ("pex_path", ""),
      ("pex_paths", []),
      ("requirements", .strings(specification.requirements.sorted())),
      ("strip_pex_env", .bool(specification.stripsPexEnvironment)),
      ("venv", false),
      ("venv_bin_path", "false"),
      ("venv_copies", false),
      ("venv_hermetic_scripts", .bool(specification.hasHermeticScripts)),
      ("venv_site_packages_copies", .bool(specification.copiesSitePackages)),
      ("venv_system_site_packages", false),
      ("kilt", .object(JSONObject(own(id: id)))),
    ]
    switch specification.entryPoint {
    case .module(let module): members.append(("entry_point", .string(module)))
    case .function(let module, let function): members.append(("entry_point", .string("\(module):\(function)")))
    case .script(let script): members.append(("script", .string(script)))
    case .none: break
    }
    return JSONValue.object(JSONObject(members)).bytes(.canonical) + [UInt8(ascii: "\n")]
  }

  /// The part that Kilt's boot code reads.
  private func own(id: String) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [
      ("constraints", .string(Boot.describe(specification.interpreterConstraints, minors: pythons.minors))),
      ("id", .string(id)),
      ("name", .string(specification.name)),
      ("native", .bool(specification.wheels.contains { !$0.fileName.hasSuffix("-any.whl") })),
      ("python", .array(pythons.ranges.map(Self.range))),
      ("wheels", .strings(specification.wheels.map(\.fileName))),
    ]
    if specification.layout != .zipapp { members.append(("layout", .string(specification.layout.rawValue))) }
    if !specification.platforms.isEmpty {
      members.append(("platforms", .array(specification.platforms.map { .strings($0) })))
    }
    return members
  }

  /// The first and the last release of a range.
  private static func range(_ range: SupportedPythons.Range) -> JSONValue {
    .array([range.first, range.last].map { [3, .int(Int64(range.minor)), .int(Int64($0))] })
  }
}
