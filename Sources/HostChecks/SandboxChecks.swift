internal import CHostShims
public import SystemSupport

/// Checks of the requirements of sandboxes: user namespaces and bubblewrap.
public enum SandboxChecks {
  /// Whether this user can create user namespaces (user_namespaces(7)).
  public static func namespaces(_ host: HostFiles, isRoot: Bool) throws(SystemCallError) -> Finding {
    let subject = "user namespaces"
    if try host.number("/proc/sys/user/max_user_namespaces") == 0 {
      return Finding(
        subject, .problem, "`user.max_user_namespaces` is 0, so that no sandbox can start",
        remedies: ["run `sysctl -w user.max_user_namespaces=15000`, and set it in /etc/sysctl.d"])
    }
    if isRoot { return Finding(subject, .good, "available; root needs no further permission") }
    if try host.number("/proc/sys/kernel/unprivileged_userns_clone") == 0 {
      return Finding(
        subject, .problem, "`kernel.unprivileged_userns_clone` is 0, so that only root can start sandboxes",
        remedies: ["run `sysctl -w kernel.unprivileged_userns_clone=1`", "run the scheduler as root"])
    }
    if try host.number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 {
      return Finding(
        subject, .warning, "AppArmor lets only programs with a profile create user namespaces",
        remedies: ["install the `bwrap-userns-restrict` profile of the package `apparmor-profiles`"])
    }
    return Finding(subject, .good, "available to every user")
  }

  /// Whether tasks can be kept from abstract sockets of the host (landlock(7)), which belong to the shared network.
  public static func abstractSockets(landlockVersion: Int32? = nil) -> Finding {
    let subject = "abstract sockets"
    if landlockVersion ?? kilt_landlock_version() >= 6 {
      return Finding(subject, .good, "tasks can connect to their own only")
    }
    return Finding(
      subject, .warning, "tasks can connect to abstract sockets of the host and of other tasks",
      remedies: ["use Linux 6.12 or later with `landlock` among its security modules (`lsm=`)"])
  }

  /// Whether bubblewrap is installed, recent enough, and able to start a sandbox on this machine.
  public static func bubblewrap(environment: [String]? = nil) -> Finding {
    let subject = "bubblewrap"
    guard let program = Subprocess.find("bwrap", environment: environment) else {
      return Finding(
        subject, .problem, "the program `bwrap` is not installed", remedies: ["run `apt-get install bubblewrap`"])
    }
    do throws(SystemCallError) {
      let version = try Subprocess(program.string, ["--version"], deadlineMilliseconds: 10_000).run().text
      let number = version.split(separator: " ").last.map(String.init) ?? version
      let parts = number.split(separator: ".").map { Int($0) ?? 0 }
      if parts.count < 2 || (parts[0], parts[1]) < (0, 5) {
        return Finding(
          subject, .problem, "bubblewrap is version \(number); Kilt needs 0.5 or later",
          remedies: ["install a newer version"])
      }
      let trial = try Subprocess(
        program.string, ["--ro-bind", "/", "/", "--unshare-user", "--unshare-pid", "--proc", "/proc", "true"],
        deadlineMilliseconds: 10_000
      ).run()
      guard trial.termination.isSuccess else {
        return Finding(
          subject, .problem, "bubblewrap \(number) cannot start a sandbox: \(firstLine(trial.errorText))",
          remedies: [
            "allow user namespaces and mounting /proc in this container or VM",
            "start the scheduler with `--isolation none`, which protects tasks from nothing",
          ])
      }
      return Finding(subject, .good, "version \(number); a trial sandbox started")
    } catch {
      return Finding(
        subject, .problem, "cannot run \"\(program)\": \(error.errno)",
        remedies: ["run `apt-get install --reinstall bubblewrap`"])
    }
  }

  private static func firstLine(_ text: String) -> String {
    text.split(separator: "\n").first.map(String.init) ?? "no message"
  }
}
