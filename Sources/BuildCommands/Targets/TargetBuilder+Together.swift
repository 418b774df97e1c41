internal import Actions
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
public import SystemSupport
public import TargetGraph

extension TargetBuilder {
  /// Builds something from several targets, with the necessary build steps side by side: a step starts when all its
  /// inputs exist and one of `jobs` threads is free. Afterward this builder knows the results, so that another request
  /// costs nothing.
  ///
  /// This thread calls `make`, and calls it again where it had to wait; `make` only sends requests to the builder. If a
  /// step fails, the running steps finish, and no others start.
  ///
  /// - Throws: the error; for several failures a `DiagnosticList`, in the order of the targets.
  public func together(
    _ ids: [TargetID], jobs: Int = availableProcessors(), _ make: (TargetID) throws -> Void
  ) throws {
    let failures = failures(of: ids, jobs: jobs, continuing: false, make)
    var errors: [any Error] = []
    var seen: Set<Diagnostic> = []
    for (_, error) in failures.sorted(by: { $0.key < $1.key }) {
      // Several targets can depend on one failed step.
      if let diagnostic = (error as? any DiagnosableError)?.diagnostic, !seen.insert(diagnostic).inserted { continue }
      errors.append(error)
    }
    let diagnostics = errors.compactMap { ($0 as? any DiagnosableError)?.diagnostic }
    if errors.count > 1, diagnostics.count == errors.count { throw DiagnosticList(diagnostics) }
    if let first = errors.first { throw first }
  }

  /// Builds something from several targets as ``together(_:jobs:_:)`` does.
  ///
  /// - Parameter continuing: whether steps start after another one has failed.
  /// - Returns: the errors, by the indexes of the targets.
  private func failures(
    of ids: [TargetID], jobs: Int, continuing: Bool, _ make: (TargetID) throws -> Void
  ) -> [Int: any Error] {
    let pool = StepPool(jobs: jobs, continuing: continuing)
    self.pool = pool
    defer {
      self.pool = nil
      flushNotes()
    }
    var failures: [Int: any Error] = [:]
    var waiting = ids.enumerated().map { (index: $0.offset, id: $0.element, keys: Set<SHA256Digest>()) }
    /// Tries the targets that no longer wait for anything, or all of them.
    func attempt(after key: SHA256Digest?) {
      var rest: [(index: Int, id: TargetID, keys: Set<SHA256Digest>)] = []
      for var item in waiting {
        if let key, !item.keys.contains(key) {
          rest.append(item)
          continue
        }
        do {
          try make(item.id)
        } catch let error as StepsUnderWay {
          item.keys = error.keys
          rest.append(item)
        } catch {
          failures[item.index] = error
          // Other failures are collected when everything has ended.
          if !continuing, key != nil || failures.count == 1 { pool.stop() }
        }
      }
      waiting = rest
    }
    attempt(after: nil)
    while continuing || failures.isEmpty, !waiting.isEmpty, let key = pool.wait() { attempt(after: key) }
    if !failures.isEmpty { attempt(after: nil) }
    return failures
  }

  /// Runs the build steps that products need, side by side. Products without steps cost nothing.
  public func prepare(_ ids: [TargetID], jobs: Int) throws {
    let wanted = targetsWithSteps(ids)
    try together(wanted, jobs: jobs) { try makeSteps(of: $0) }
  }

  /// Runs the build steps that products need, side by side, even if one fails.
  ///
  /// - Returns: the errors, by target.
  public func prepareAll(_ ids: [TargetID], jobs: Int) -> [TargetID: any Error] {
    let wanted = targetsWithSteps(ids)
    let found = failures(of: wanted, jobs: jobs, continuing: true) { try makeSteps(of: $0) }
    return Dictionary(found.map { (wanted[$0.key], $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  private func targetsWithSteps(_ ids: [TargetID]) -> [TargetID] {
    // Most workspaces have none of these, and finding the needs of a binary takes a while.
    let hasSteps = graph.allTargets.contains { id in
      [.wrapAsPythonSources, .wrapAsResources, .pythonDistribution].contains(graph.type(of: id))
    }
    return ids.filter { hasSteps || graph.type(of: $0) != .pexBinary }
  }

  private func makeSteps(of id: TargetID) throws {
    if graph.type(of: id) == .pexBinary {
      _ = try parts(of: resolver.bundlePlan(for: id))
    } else {
      _ = try package(of: id)
    }
  }

  /// The results of `body`; one that waits for steps does not keep the others from beginning theirs.
  @discardableResult
  func each<Element, Result>(
    _ elements: some Sequence<Element>, _ body: (Element) throws -> Result
  ) throws -> [Result] {
    var results: [Result] = []
    var keys: Set<SHA256Digest> = []
    for element in elements {
      do {
        results.append(try body(element))
      } catch let error as StepsUnderWay {
        keys.formUnion(error.keys)
      }
    }
    if !keys.isEmpty { throw StepsUnderWay(keys: keys) }
    return results
  }

  /// Runs an action, here and now or as a step.
  func perform(_ action: Action) throws -> ActionOutcome {
    guard let pool else { return try runner.run(action) }
    let key = try action.keyInputs.digest
    // A known result needs no thread.
    if !pool.hasBegun(key), let outcome = try runner.known(action, key: key) { return outcome }
    let runner = runner
    guard case .action(let outcome) = try pool.product(of: key, { .action(try runner.run(action)) }) else {
      throw Diagnostic(.defect, "a file has the key of the action \(action.name)")
    }
    return outcome
  }

  /// Shows the output of a command: at once, or after all parallel commands, in the order of addresses.
  func show(_ text: String, of target: Target) {
    guard pool != nil else { return note(text) }
    heldNotes.append((target.address.description, text))
  }

  private func flushNotes() {
    for (_, text) in heldNotes.sorted(by: { $0.address < $1.address }) { note(text) }
    heldNotes = []
  }
}
