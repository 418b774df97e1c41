internal import SystemSupport

/// A bucket and a prefix in it, and the server that has it.
struct S3Location: Sendable, Hashable {
  var bucket: String
  /// Empty, or with a final `/`.
  var prefix: String
  var region: String
  /// `http` or `https`.
  var scheme: String
  /// Host and, where it is not the scheme's own, port: the value of the field `Host`.
  var host: String
  /// Percent-encoded path of the bucket, with a final `/`.
  var basePath: String

  /// Parses `s3://BUCKET/PREFIX?endpoint=URL&region=NAME&style=path|virtual`. The environment supplies values that the
  /// URL omits.
  init(parsing text: String, environment: AWSEnvironment = .process) throws(ArtifactError) {
    func refuse(_ reason: String) -> ArtifactError { .invalidRepository(text, reason: reason) }
    let parts = text.dropFirst("s3://".count).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var endpoint = environment.endpoint
    var region = try environment.region()
    var isVirtual = false
    for parameter in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let pair = parameter.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, let value = PercentEncoding.decode(pair[1]) else {
        throw refuse("\(parameter) has no value")
      }
      switch pair[0] {
      case "endpoint": endpoint = value
      case "region": region = value
      case "style" where value == "path" || value == "virtual": isVirtual = value == "virtual"
      case "style": throw refuse("invalid style \"\(value)\": one of: path, virtual")
      default: throw refuse("unknown parameter \"\(pair[0])\": known are endpoint, region and style")
      }
    }
    let segments = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    bucket = segments[0]
    // The rules for general purpose buckets, of the S3 user guide; dots and upper case are of old buckets.
    guard (3...63).contains(bucket.utf8.count), ArtifactName(bucket) != nil, !bucket.contains("+") else {
      throw refuse("\"\(bucket)\" is not the name of a bucket")
    }
    let folders = segments.dropFirst().filter { !$0.isEmpty }
    guard folders.allSatisfy({ $0 != "." && $0 != ".." && $0.unicodeScalars.allSatisfy { $0.value > 32 } }) else {
      throw refuse("the prefix is not a plain path")
    }
    prefix = folders.map { $0 + "/" }.joined()
    self.region = region ?? "us-east-1"
    guard ArtifactName(self.region) != nil else { throw refuse("\"\(self.region)\" is not a region") }
    if let endpoint {
      let colon = endpoint.split(separator: "://", maxSplits: 1)
      guard colon.count == 2, colon[0] == "http" || colon[0] == "https", !colon[1].contains("@"),
        !colon[1].contains("?")
      else { throw refuse("the endpoint has to be like http://HOST:PORT, without user and password") }
      scheme = String(colon[0])
      let address = colon[1].split(separator: "/", maxSplits: 1)
      host = String(address.first ?? "")
      let standardPort = scheme == "http" ? ":80" : ":443"
      // As libcurl sends it, and the server checks it.
      if host.hasSuffix(standardPort) { host.removeLast(standardPort.count) }
      guard !host.isEmpty else { throw refuse("the endpoint has no host") }
      let path = address.count > 1 ? address[1].split(separator: "/").map { "/" + $0 }.joined() : ""
      basePath = isVirtual ? path + "/" : "\(path)/\(bucket)/"
      if isVirtual { host = "\(bucket).\(host)" }
    } else {
      scheme = "https"
      host = "\(bucket).s3.\(self.region).amazonaws.com"
      // A dot in the bucket's name would need a certificate that nobody has.
      if bucket.contains(".") { host = "s3.\(self.region).amazonaws.com" }
      basePath = bucket.contains(".") ? "/\(bucket)/" : "/"
    }
  }

  /// The percent-encoded path of a key of ours; of the bucket itself for nil.
  func path(_ key: String?) -> String {
    guard let key else { return basePath }
    return basePath + PercentEncoding.encode(prefix + key, keeping: "/")
  }

  /// For messages.
  var description: String {
    let place = "s3://\(bucket)/\(prefix)"
    return host.hasSuffix(".amazonaws.com") ? place : "\(place) at \(scheme)://\(host)"
  }
}
