internal import Hummingbird
internal import JSON

/// The JSON object of a request. Unknown fields and wrong types are errors: no invalid value is replaced by a default.
struct RequestFields {
  let object: JSONObject

  /// - Parameter names: the fields that the request can have.
  init(_ body: JSONValue, _ names: Set<String>) throws {
    guard let object = body.object else {
      throw HTTPError(.unprocessableContent, message: "the body is not a JSON object")
    }
    for name in object.names where !names.contains(name) {
      throw HTTPError(.unprocessableContent, message: "unknown key \"\(name)\" in the body")
    }
    self.object = object
  }

  /// The instances that the request names; nil for all of them.
  func instances() throws -> Set<Int>? {
    guard let list = object["instances"] else { return nil }
    let numbers = list.array?.compactMap { $0.int.flatMap { Int(exactly: $0) } } ?? []
    guard !numbers.isEmpty, numbers.count == list.array?.count else {
      throw HTTPError(.unprocessableContent, message: "\"instances\" is a list of one or more numbers")
    }
    return Set(numbers)
  }

  func integer(_ name: String) throws -> Int? {
    guard let value = object[name] else { return nil }
    guard let number = value.int.flatMap({ Int(exactly: $0) }) else {
      throw HTTPError(.unprocessableContent, message: "\"\(name)\" is not an integer")
    }
    return number
  }

  func flag(_ name: String, default: Bool = false) throws -> Bool {
    guard let value = object[name] else { return `default` }
    guard let flag = value.bool else {
      throw HTTPError(.unprocessableContent, message: "\"\(name)\" is not true or false")
    }
    return flag
  }

  func text(_ name: String) throws -> String? {
    guard let value = object[name] else { return nil }
    guard let text = value.string else {
      throw HTTPError(.unprocessableContent, message: "\"\(name)\" is not a string")
    }
    return text
  }
}
