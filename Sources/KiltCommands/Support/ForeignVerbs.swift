/// Verbs of Nomad, Kamal, kubectl and Aurora's client that Kilt does not have, with the commands that do the same.
enum ForeignVerbs {
  /// The remedy for a path of verbs such as `kilt rollout undo`; nil for verbs that are not known either.
  ///
  /// - Parameter words: the words from the unknown verb on.
  static func remedy(for words: [String]) -> String? {
    if words.count > 1, let command = commands[words[0] + " " + words[1]] { return "run `\(command)`" }
    return words.first.flatMap { commands[$0] }.map { "run `\($0)`" }
  }

  static let commands: [String: String] = [
    // kubectl
    "apply": "kilt deploy FILE --stage STAGE", "rollout": "kilt update status KEY",
    "rollout status": "kilt update status KEY --wait", "rollout undo": "kilt job rollback KEY",
    "rollout history": "kilt job history KEY", "rollout pause": "kilt job pause KEY",
    "rollout resume": "kilt job resume KEY", "rollout restart": "kilt job restart KEY",
    "scale": "kilt job scale KEY COUNT", "describe": "kilt job status KEY", "get": "kilt job list",
    "delete": "kilt job kill KEY", "logs": "kilt job logs KEY", "exec": "kilt job exec KEY/0 -- COMMAND",
    "top": "kilt job status KEY", "diff": "kilt job diff FILE --stage STAGE", "attach": "kilt job logs KEY --follow",
    "expose": "kilt job status KEY",
    // Nomad
    "plan": "kilt job diff FILE --stage STAGE", "stop": "kilt job kill KEY", "status": "kilt job status KEY",
    "alloc": "kilt job status KEY", "alloc logs": "kilt job logs KEY", "alloc exec": "kilt job exec KEY/0 -- COMMAND",
    "alloc restart": "kilt job restart KEY/0", "alloc stop": "kilt job restart KEY/0",
    "deployment": "kilt update list", "deployment list": "kilt update list",
    "deployment status": "kilt update status KEY", "deployment fail": "kilt job rollback KEY",
    "deployment pause": "kilt job pause KEY", "deployment resume": "kilt job resume KEY",
    "deployment promote": "kilt job update FILE --stage STAGE", "validate": "kilt job inspect FILE --stage STAGE",
    "agent": "kilt scheduler", "server": "kilt scheduler", "revert": "kilt job rollback KEY RELEASE",
    // Kamal
    "redeploy": "kilt deploy FILE --stage STAGE", "rollback": "kilt job rollback KEY", "setup": "kilt init",
    "app": "kilt job status KEY", "app logs": "kilt job logs KEY", "app exec": "kilt job exec KEY/0 -- COMMAND",
    "app boot": "kilt job restart KEY", "app stop": "kilt job kill KEY", "app details": "kilt job status KEY",
    "details": "kilt job list", "remove": "kilt job kill KEY", "build": "kilt package TARGET",
    "push": "kilt publish TARGET",
    // Aurora's client, Docker and systemd
    "task": "kilt job exec KEY/0 -- COMMAND", "task run": "kilt job exec KEY --all -- COMMAND",
    "task ssh": "kilt job exec KEY/0 -- sh", "config": "kilt job inspect FILE --stage STAGE",
    "sla": "kilt job status KEY",
    "ps": "kilt job list", "up": "kilt deploy FILE --stage STAGE", "down": "kilt job kill KEY",
    "kill": "kilt job kill KEY", "restart": "kilt job restart KEY", "create": "kilt job create FILE --stage STAGE",
    "history": "kilt job history KEY", "start": "kilt deploy FILE --stage STAGE",
    // Below `kilt job`
    "killall": "kilt job kill KEY", "add": "kilt job scale KEY COUNT", "deploy": "kilt job update FILE --stage STAGE",
    "undo": "kilt job rollback KEY", "cancel-update": "kilt job abort KEY", "dispatch": "kilt cron start KEY",
    "promote": "kilt job update FILE --stage STAGE", "eval": "kilt job status KEY", "show": "kilt job status KEY",
    "info": "kilt update status KEY", "wait": "kilt update status KEY --wait",
  ]
}
