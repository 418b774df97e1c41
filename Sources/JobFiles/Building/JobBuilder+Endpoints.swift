import Diagnostics
import JobModel
import Starlark

// The endpoints and the stop of an instance: the template's announcer, lifecycle and container, overridden by the job
// file.
extension JobBuilder {
  func announcer() -> Announcer? {
    let object = job.child("announce")
    let written = settings?.sections[.announce]
    guard object != nil || written != nil, written?.flag("enabled") != false else { return nil }
    var announcer = Announcer(
      primaryPort: written?.text("primary_port") ?? object?.string("primary_port") ?? "http",
      zkPath: written?.text("zk_path") ?? object?.string("zk_path"))
    if let map = portmap {
      announcer.portmap = map.mapValues { target in Int(target).map { .number($0) } ?? .alias(target) }
    }
    return announcer
  }

  /// The port map of the job file, else of the template; nil where neither has one.
  private var portmap: [String: String]? {
    if let written = settings?.sections[.announce]?.texts("portmap") { return written }
    guard let announcer = job.child("announce"), announcer.has("portmap") else { return nil }
    return Dictionary(announcer.entries("portmap")) { $1 }
  }

  /// `thermos.ports[alias]` as a variable for the port that the announcer's map means.
  func portAliases() -> BindingFrame {
    guard let map = portmap, settings?.sections[.announce]?.flag("enabled") != false else { return .entries([]) }
    return .entries(
      map.keys.sorted().map { name in
        var target = map[name] ?? name
        var seen: Set = [name]
        while let next = map[target], seen.insert(target).inserted { target = next }
        if map[target] != nil {
          (job.child("announce") ?? job).problem("the port map has a cycle through \"\(target)\"")
          return ([], .none)
        }
        let text = Int(target) == nil ? "{{thermos.ports[\(target)]}}" : target
        return (["thermos", "ports", name], .string(text))
      }.filter { !$0.0.isEmpty })
  }

  func lifecycle() -> LifecycleConfiguration? {
    let written = settings?.sections[.lifecycle]
    guard written?.flag("enabled") != false else { return nil }
    var lifecycle = LifecycleConfiguration()
    if let config = job.child("lifecycle") {
      let http = config.child("http")
      // LifecycleConfig() without http sends no request, like Aurora's DisableLifecycle.
      if http == nil, written == nil { return nil }
      if let port = http?.string("port") { lifecycle.port = port }
      if let path = http?.string("graceful_shutdown_endpoint") { lifecycle.gracefulShutdownEndpoint = path }
      if let path = http?.string("shutdown_endpoint") { lifecycle.shutdownEndpoint = path }
      if let wait = http?.seconds("graceful_shutdown_wait_secs") { lifecycle.gracefulShutdownWait = wait }
      if let wait = http?.seconds("shutdown_wait_secs") { lifecycle.shutdownWait = wait }
    }
    guard let written else { return lifecycle }
    lifecycle.port = written.text("port") ?? lifecycle.port
    lifecycle.gracefulShutdownEndpoint =
      written.text("graceful_shutdown_endpoint") ?? lifecycle.gracefulShutdownEndpoint
    lifecycle.shutdownEndpoint = written.text("shutdown_endpoint") ?? lifecycle.shutdownEndpoint
    lifecycle.gracefulShutdownWait = written.seconds("graceful_shutdown_wait_secs") ?? lifecycle.gracefulShutdownWait
    lifecycle.shutdownWait = written.seconds("shutdown_wait_secs") ?? lifecycle.shutdownWait
    return lifecycle
  }

  /// The container that the job file names; nil where it names none.
  func writtenContainer() -> Container? {
    guard let written = settings?.sections[.container] else { return nil }
    let image = written.text("image")
    let parameters = written.texts("parameters") ?? [:]
    let engine = written.text("type").flatMap(JobSection.Engine.init(rawValue:)) ?? (image == nil ? .mesos : .docker)
    switch engine {
    case .docker:
      guard let image else {
        problem("a docker container has an image", written.anyNode, remedies: ["add image: NAME:TAG"])
        return nil
      }
      return .docker(
        image: image,
        parameters: parameters.sorted { $0.key < $1.key }.map {
          Container.Parameter(name: $0.key, value: $0.value)
        })
    case .mesos:
      if !parameters.isEmpty {
        problem("only a docker container has parameters", written.node("parameters"), remedies: ["remove them"])
      }
      guard let image else { return .mesos(image: nil) }
      // A colon before a slash belongs to the registry: `host:5000/name`.
      let colon = image.lastIndex(of: ":").flatMap { image[$0...].contains("/") ? nil : $0 }
      return .mesos(
        image: .docker(
          name: colon.map { String(image[..<$0]) } ?? image,
          tag: colon.map { String(image[image.index(after: $0)...]) } ?? "latest"))
    }
  }
}
