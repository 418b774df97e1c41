internal import BuildFiles
internal import Diagnostics
internal import Workspace

/// Environments as Pants has them: a target names one, and the configuration says which target describes it. Kilt builds and
/// tests on this machine only.
extension TargetGraph {
  /// Refuses a target whose `environment` is not this machine: what is built or tested here would not be what was asked for.
  ///
  /// - Throws: `Diagnostic` for a container or a remote machine, for a platform that is not this one, and for an environment that
  ///   the configuration does not define.
  public func checkEnvironment(of id: TargetID) throws {
    let target = self[id]
    guard let name = target.given("environment")?.string, !Self.ownEnvironments.contains(name) else { return }
    let place = target.declaration.site.location(field: "environment")
    guard let address = configuration.environmentNames[name] else {
      let known = configuration.environmentNames.keys.sorted()
      throw Diagnostic(
        .input, "unknown environment \"\(name)\" of \"\(target.address)\"", at: place,
        notes: known.isEmpty ? [] : ["defined environments: " + known.joined(separator: ", ")],
        remedies: ["define it in `names` of `[environments-preview]`, or remove the field"])
    }
    let spelled = address.hasPrefix("//") ? address : "//" + address
    guard let found = self.target(named: address) ?? self.target(named: spelled) else {
      throw Diagnostic(
        .input, "the environment \"\(name)\" of \"\(target.address)\" is \"\(address)\", which does not exist",
        at: place,
        remedies: ["correct `names` of `[environments-preview]`"])
    }
    let environment = self[found]
    let remedies = ["remove the field `environment`, or build the target with Pants"]
    guard environment.typeName.hasSuffix("local_environment") || environment.typeName.hasSuffix("workspace_environment")
    else {
      throw Diagnostic(
        .input,
        "cannot build \"\(target.address)\" here: its environment \"\(name)\" is a \(environment.typeName), and Kilt builds on this machine only",
        at: place, remedies: remedies)
    }
    let platforms = environment.given("compatible_platforms")?.strings ?? []
    guard platforms.isEmpty || platforms.contains(Self.platform) else {
      throw Diagnostic(
        .input,
        "cannot build \"\(target.address)\" here: its environment \"\(name)\" is for \(platforms.joined(separator: ", ")), and this machine is \(Self.platform)",
        at: place, remedies: remedies)
    }
  }

  /// Names that mean this machine whatever the configuration says.
  private static let ownEnvironments: Set<String> = ["__local__", "__local_workspace__"]

  /// This machine as Pants names it.
  private static let platform: String = {
    #if arch(arm64)
      "linux_arm64"
    #else
      "linux_x86_64"
    #endif
  }()
}
