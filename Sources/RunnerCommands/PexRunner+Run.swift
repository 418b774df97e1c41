import Artifacts
import Diagnostics
import Glibc
import SystemSupport

extension PexRunner {
  /// Becomes the bundle: exit code, signals and the process id are the program's own.
  static func run(_ selector: ArtifactSelector, _ arguments: [String], _ invocation: RunnerInvocation) throws {
    if case .release(let name, let version) = selector {
      return try run(release: name, version, arguments, invocation)
    }
    let bundle = try bundle(selector, invocation)
    let path = bundle.path
    bundle.keepAcrossExec()
    execute(path.string, [path.string] + arguments)
    var code = errno
    if code == EACCES || code == ENOEXEC, startsWithShellPrefix(path) {
      // The cache is on a file system mounted noexec: the shell can read files that the kernel cannot execute.
      execute("/bin/sh", ["/bin/sh", path.string] + arguments)
      code = errno
    }
    let remedies =
      switch code {
      case EACCES: ["the cache may be on a file system mounted noexec: set KILT_RUNNER_CACHE to another directory"]
      case ENOENT: ["the interpreter of its first line is missing on this machine"]
      case E2BIG: ["the arguments and the environment are too large"]
      default: [String]()
      }
    throw Diagnostic(
      .environment, "cannot execute \(selector)", notes: ["\(path): \(String(cString: strerror(code)))"],
      remedies: remedies)
  }

  private static func execute(_ program: String, _ arguments: [String]) {
    withCStrings(arguments) { arguments in _ = execv(program, arguments) }
  }

  private static func startsWithShellPrefix(_ path: FilePath) -> Bool {
    let prefix = Array("#!/bin/sh".utf8)
    do throws(SystemCallError) {
      let file = try FileSystem.open(path, .readOnly)
      defer { FileSystem.close(file) }
      var start = [UInt8](repeating: 0, count: prefix.count)
      let status: Result<Int, SystemCallError> = start.withUnsafeMutableBytes { buffer in
        do throws(SystemCallError) { return .success(try FileSystem.read(file, into: buffer)) } catch {
          return .failure(error)
        }
      }
      return try status.get() == prefix.count && start == prefix
    } catch {
      // The error of execve(2) says more.
      return false
    }
  }

  /// Brings a bundle into the cache.
  static func fetch(_ selector: ArtifactSelector, printPath: Bool, _ invocation: RunnerInvocation) throws {
    if case .release(let name, let version) = selector {
      let release = try release(name, version, invocation)
      if printPath { writeText("\(release.path)\n", to: 1) }
      return
    }
    let bundle = try bundle(selector, invocation)
    if printPath {
      writeText("\(bundle.path)\n", to: 1)
    } else if bundle.fetched == nil, !invocation.isQuiet {
      writeText("pex-runner: \(selector.name)@\(bundle.commit.abbreviated) is in the cache\n", to: 2)
    }
  }
}
