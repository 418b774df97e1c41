internal import Hummingbird
internal import JSON
internal import JobModel
internal import Observability

extension Routes {
  /// Why tasks of a job died.
  func addWhy(to api: RouterGroup<AccessContext>) {
    api.group("jobs/:cluster/:role/:stage/:name").get("why") { request, context in
      try await found(context, includingGone: true) { detail in
        let query = request.uri.queryParameters
        var question = HostScheduler.WhyQuestion()
        if let text = query["instance"] {
          guard let number = Int(text), number >= 0 else {
            throw HTTPError(.unprocessableContent, message: "\"instance\" is not the number of an instance")
          }
          question.instance = number
        }
        if let text = query["at"] {
          guard let milliseconds = Int64(text) else {
            throw HTTPError(.unprocessableContent, message: "\"at\" is not a time in milliseconds since 1970")
          }
          question.time = Timestamp(milliseconds: milliseconds)
        }
        if let text = query["lines"] {
          guard let number = Int(text), (0...1000).contains(number) else {
            throw HTTPError(.unprocessableContent, message: "\"lines\" is not a number from 0 to 1000")
          }
          question.lines = number
        }
        return APIResponse.json(await scheduler.why(detail.key, question).json)
      }
    }
  }
}
