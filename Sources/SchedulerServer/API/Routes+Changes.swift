internal import Diagnostics
internal import HTTPTypes
internal import Hummingbird
internal import JobModel
internal import SchedulerAccess
internal import SystemSupport

// Changes from a page. The cookie of a login only reads, so the form asks for a one-time code, whose owner must have the
// right to the change.
extension Routes {
  private static let largestForm = 4096

  func addChanges(to router: Router<AccessContext>) {
    let job = router.group("jobs/:cluster/:role/:stage/:name")
    job.get("change") { _, context in
      guard let key = key(context), await scheduler.detail(key) != nil else { return APIResponse.notFound }
      return APIResponse.html(ChangePages.form(key))
    }
    job.post("change") { request, context in try await change(request, context) }
  }

  private func change(_ request: Request, _ context: AccessContext) async throws -> Response {
    guard let key = key(context) else { return APIResponse.notFound }
    let buffer = try await request.body.collect(upTo: Self.largestForm)
    let fields = Self.fields(of: String(decoding: buffer.readableBytesView, as: UTF8.self))
    func again(_ problem: String, _ status: HTTPResponse.Status) -> Response {
      APIResponse.html(ChangePages.form(key, problem: problem), status: status)
    }
    let action = fields["action"] ?? ""
    guard action == "restart" || action == "kill" else {
      return again("Choose restart or kill.", .unprocessableContent)
    }
    var instances: Set<Int>?
    if let text = fields["instance"]?.filter({ $0 != " " }), !text.isEmpty {
      let numbers = text.split(separator: ",").map { Int($0) }
      guard !numbers.contains(nil) else { return again("Instances are numbers such as 0,2.", .unprocessableContent) }
      instances = Set(numbers.compactMap { $0 })
    }
    // Last: a code is used up by the first look.
    guard let owner = access.sessions.redeem(code: fields["code"] ?? "") else {
      return again("This code does not work: it is wrong, was used before, or is too old.", .forbidden)
    }
    context.audit.action = action
    guard RequiredAccess.deploy(role: key.role, stage: key.stage).isMet(by: owner.rights) else {
      return again("The owner of the code does not have the right to change this job.", .forbidden)
    }
    let requester = Requester(user: owner.owner)
    do {
      _ =
        action == "kill"
        ? try await scheduler.kill(key, instances: instances, requester)
        : try await scheduler.restart(key, instances: instances, atOnce: true, requester)
      return APIResponse.redirect(to: Layout.address(of: key))
    } catch {
      let refusal = Refusal(refusing: error)
      return again(refusal.diagnostic.summary, refusal.status)
    }
  }

  /// The fields of a form (application/x-www-form-urlencoded, URL standard, section 5.1).
  static func fields(of text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      func decoded(_ part: Substring) -> String? {
        PercentEncoding.decode(String(part.map { $0 == "+" ? " " : $0 }))
      }
      guard let name = decoded(parts[0]), let value = decoded(parts.count > 1 ? parts[1] : "") else { continue }
      fields[name] = value
    }
    return fields
  }
}
