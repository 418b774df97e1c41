internal import Digests
internal import HTTPClient
public import JSON
public import JobModel
internal import SystemSupport

/// A Docker Swarm through one of its managers, as one scheduler uses it. Every call may be repeated.
public struct Swarm: Sendable {
  public let address: DockerAddress
  /// The scheduler's own ID: what does not have it in a label is never changed.
  public let scheduler: String
  private let docker: DockerClient

  public init(_ address: DockerAddress, scheduler: String) {
    self.address = address
    self.scheduler = scheduler
    docker = DockerClient(address)
  }

  // MARK: The machines

  /// Makes sure that the engine is a manager of a swarm.
  public func check() throws(DockerError) {
    let info = try docker.call(.get, "info", action: "reach the Docker engine at \(address.text)")
    guard info["Swarm"]?["ControlAvailable"]?.bool == true else {
      throw DockerError(
        status: 503, action: "use the Docker engine at \(address.text)",
        message: "it is not a manager of a swarm (state: \(info["Swarm"]?["LocalNodeState"]?.string ?? "unknown"))")
    }
  }

  public func nodes() throws(DockerError) -> [SwarmNode] {
    let answer = try docker.call(.get, "nodes", action: "list the nodes of the swarm")
    return (answer.array ?? []).compactMap { SwarmNode($0) }
  }

  /// The ID of an image that the manager's engine has, by a name such as `kilt:1.4`.
  public func imageID(_ reference: String) throws(DockerError) -> String {
    let answer = try docker.call(
      .get, "images/\(PercentEncoding.encode(reference, keeping: "/:@"))/json",
      action: "find the image \"\(reference)\"")
    guard let id = answer["Id"]?.string else {
      throw DockerError(status: 200, action: "find the image \"\(reference)\"", message: "the answer has no ID")
    }
    return id
  }

  /// Marks a node as being emptied, or takes the mark away. Tasks are moved by the scheduler, which sees the mark.
  public func setDrained(_ isDrained: Bool, node id: String) throws(DockerError) {
    let action = "change the node \(id)"
    for attempt in 1...5 {
      let json = try docker.call(.get, "nodes/\(PercentEncoding.encode(id))", action: action)
      guard let version = json["Version"]?["Index"]?.int, var spec = json["Spec"]?.object else {
        throw DockerError(status: 200, action: action, message: "the answer has no version")
      }
      var labels = spec["Labels"]?.object ?? JSONObject()
      if (labels[SwarmNode.drainLabel] != nil) == isDrained { return }
      labels[SwarmNode.drainLabel] = isDrained ? "true" : nil
      spec["Labels"] = .object(labels)
      do throws(DockerError) {
        _ = try docker.call(
          .post, "nodes/\(PercentEncoding.encode(id))/update?version=\(version)", .object(spec), action: action)
        return
      } catch {
        // Somebody else has changed it in between.
        guard attempt < 5, error.message.contains("out of sequence") else { throw error }
      }
    }
  }

  // MARK: The services

  /// The tasks that have a service of this scheduler, with the service's ID.
  public func services() throws(DockerError) -> [TaskID: String] {
    let answer = try docker.call(.get, "services?\(ownFilter)", action: "list the services of the cluster")
    var services: [TaskID: String] = [:]
    for service in answer.array ?? [] {
      guard let task = service["Spec"]?["Labels"]?[TaskService.Label.task]?.string, let id = service["ID"]?.string
      else { continue }
      services[TaskID(task)] = id
    }
    return services
  }

  /// The newest run of each task's service of this scheduler. Also of a service that was removed, as long as its container
  /// has not ended.
  public func tasks() throws(DockerError) -> [TaskID: SwarmTask] {
    let answer = try docker.call(.get, "tasks?\(ownFilter)", action: "list the tasks of the cluster")
    var newest: [TaskID: SwarmTask] = [:]
    for task in (answer.array ?? []).compactMap({ SwarmTask($0) }) where !task.task.rawValue.isEmpty {
      if let other = newest[task.task], other.createdAt >= task.createdAt { continue }
      newest[task.task] = task
    }
    return newest
  }

  /// Creates the service of a task and the secret with its token; what is there already stays as it is.
  public func create(_ service: TaskService, contact: JSONValue) throws(DockerError) {
    let name = service.name
    let secret = try createSecret(service, contact)
    do throws(DockerError) {
      _ = try docker.call(
        .post, "services/create", service.json(secret: secret), action: "create the service \(name)")
    } catch {
      guard error.status == 409, try isOwn(name, of: service.assignment.taskID) else { throw error }
    }
  }

  private func createSecret(_ service: TaskService, _ contact: JSONValue) throws(DockerError) -> String {
    let name = service.secretName
    let action = "create the secret of task \(service.assignment.taskID)"
    let body = JSONValue.members([
      "Name": .string(name), "Data": .string(Base64.encode(contact.bytes(.compact))),
      "Labels": .members([
        TaskService.Label.scheduler: .string(scheduler),
        TaskService.Label.task: .string("\(service.assignment.taskID)"),
      ]),
    ])
    do throws(DockerError) {
      if let id = try docker.call(.post, "secrets/create", body, action: action)["ID"]?.string { return id }
      throw DockerError(status: 201, action: action, message: "the answer has no ID")
    } catch {
      // Made by an earlier attempt: the token of a task never changes.
      guard error.status == 409 else { throw error }
    }
    guard let id = try docker.call(.get, "secrets/\(name)", action: action)["ID"]?.string else {
      throw DockerError(status: 200, action: action, message: "the answer has no ID")
    }
    return id
  }

  /// Whether the service of a name is this scheduler's, and of a task.
  private func isOwn(_ name: String, of task: TaskID) throws(DockerError) -> Bool {
    let labels = try docker.call(.get, "services/\(name)", action: "look at the service \(name)")["Spec"]?["Labels"]
    return labels?[TaskService.Label.scheduler]?.string == scheduler
      && labels?[TaskService.Label.task]?.string == task.rawValue
  }

  /// Removes the service of a task, and its secret. What is not there, or not this scheduler's, is left alone.
  public func remove(_ task: TaskID) throws(DockerError) {
    let name = TaskService.name(of: task)
    do throws(DockerError) {
      if try isOwn(name, of: task) {
        _ = try docker.call(.delete, "services/\(name)", action: "remove the service \(name)")
      }
    } catch {
      guard error.status == 404 else { throw error }
    }
    do throws(DockerError) {
      let secret = TaskService.secretName(of: task, scheduler)
      _ = try docker.call(.delete, "secrets/\(secret)", action: "remove the secret of task \(task)")
    } catch {
      guard error.status == 404 else { throw error }
    }
  }

  /// The tasks of which a secret of this scheduler is left.
  public func secrets() throws(DockerError) -> Set<TaskID> {
    let answer = try docker.call(.get, "secrets?\(ownFilter)", action: "list the secrets of the cluster")
    return Set(
      (answer.array ?? []).compactMap { $0["Spec"]?["Labels"]?[TaskService.Label.task]?.string.map { TaskID($0) } })
  }

  // MARK: The image

  /// The nodes on which a container of the image has run to its end: those that have the image. Starts one on every node
  /// of the swarm, and again where it failed.
  public func nodesWithImage(_ image: String) throws(DockerError) -> Set<String> {
    let name = ImageCheck.name(image, scheduler)
    var tasks: [SwarmTask] = []
    do throws(DockerError) {
      let answer = try docker.call(
        .get, "tasks?" + DockerClient.filters("service", name), action: "list the tasks of the service \(name)")
      tasks = (answer.array ?? []).compactMap { SwarmTask($0) }
    } catch {
      guard error.status == 404 else { throw error }
    }
    if tasks.isEmpty {
      do throws(DockerError) {
        _ = try docker.call(
          .post, "services/create", ImageCheck.json(image, scheduler), action: "create the service \(name)")
      } catch {
        guard error.status == 409 else { throw error }
      }
    }
    return Set(tasks.filter { $0.state == .complete }.map(\.node))
  }

  /// Removes the services by which earlier images were checked.
  public func removeImageChecks(except image: String?) throws(DockerError) {
    let kept = image.map { ImageCheck.name($0, scheduler) }
    let answer = try docker.call(.get, "services?\(ownFilter)", action: "list the services of the cluster")
    for service in answer.array ?? [] {
      guard service["Spec"]?["Labels"]?[TaskService.Label.purpose]?.string == ImageCheck.purpose,
        let id = service["ID"]?.string, service["Spec"]?["Name"]?.string != kept
      else { continue }
      do throws(DockerError) {
        _ = try docker.call(.delete, "services/\(id)", action: "remove the service \(id)")
      } catch {
        guard error.status == 404 else { throw error }
      }
    }
  }

  private var ownFilter: String { DockerClient.filters("label", "\(TaskService.Label.scheduler)=\(scheduler)") }
}

/// The service that proves which nodes have an image: one short run on each.
enum ImageCheck {
  static let purpose = "image-check"

  static func name(_ image: String, _ scheduler: String) -> String {
    "kilt-image-" + SHA256Digest.of("\(scheduler)/\(image)").hex.prefix(20)
  }

  static func json(_ image: String, _ scheduler: String) -> JSONValue {
    let labels: JSONValue = .members([
      TaskService.Label.scheduler: .string(scheduler), TaskService.Label.purpose: .string(purpose),
    ])
    let container: JSONValue = .members([
      "Image": .string(image), "Labels": .members([TaskService.Label.purpose: .string(purpose)]),
      "Command": .strings(["\(TaskService.Place.programs)/kilt-executor", "--version"]),
      "User": "65534:65534", "ReadOnly": true, "CapabilityDrop": .strings(["ALL"]),
    ])
    // On a node that gets the image later, the next attempt finds it.
    let restart: JSONValue = .members(["Condition": "on-failure", "Delay": 5_000_000_000])
    return .members([
      "Name": .string(name(image, scheduler)), "Labels": labels,
      "TaskTemplate": .members(["ContainerSpec": container, "RestartPolicy": restart]),
      "Mode": .members(["Global": .object(JSONObject())]),
    ])
  }
}
