/// Verbs of Nomad, Kamal, kubectl and Aurora's client that Kilt does not have, with the commands that do the same.
enum ForeignVerbs {
  /// The remedy for a path of verbs such as `kilt rollout undo`; nil for verbs that are not known either.
  ///
  /// - Parameters:
  ///   - words: the words from the unknown verb on.
  ///   - parents: the verbs of Kilt before them, such as `job` of `kilt job run`.
  static func remedy(for words: [String], below parents: [String] = []) -> String? {
    let (one, two) = (Array(words.prefix(1)), Array(words.prefix(2)))
    for path in [parents + two, parents + one, two, one] {
      if let command = commands[path.joined(separator: " ")] { return "run `\(command)`" }
    }
    // `kubectl logs POD`: the verbs of Kilt's own `logs` are about the archive.
    return parents == ["logs"] && !words.isEmpty ? "run `kilt job logs KEY`" : nil
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
    "expose": "kilt job status KEY", "edit": "kilt job update FILE --stage STAGE",
    "patch": "kilt job update FILE --stage STAGE", "replace": "kilt job update FILE --stage STAGE",
    "set": "kilt job update FILE --stage STAGE", "autoscale": "kilt job scale KEY COUNT",
    "cp": "kilt job exec KEY/0 -- COMMAND",
    "port-forward": "kilt job status KEY", "cordon": "kilt scheduler drain", "drain": "kilt scheduler drain",
    "uncordon": "kilt scheduler drain --end", "events": "kilt job history KEY",
    "api-resources": "kilt job schema", "cluster-info": "kilt doctor", "proxy": "kilt job open KEY",
    "create job": "kilt cron start KEY", "get pods": "kilt job list", "get jobs": "kilt job list",
    "get cronjobs": "kilt cron list", "get events": "kilt job history KEY", "describe pod": "kilt job status KEY",
    "delete pod": "kilt job restart KEY/0", "annotate": "kilt job update FILE --stage STAGE",
    "label": "kilt job update FILE --stage STAGE", "taint": "kilt scheduler drain", "auth": "kilt token list",
    "certificate": "kilt token list", "completion": "kilt completions SHELL", "debug": "kilt job exec KEY/0 -- sh",
    "kustomize": "kilt job inspect FILE --stage STAGE", "plugin": "kilt --help", "options": "kilt --help",
    "api-versions": "kilt --version",
    // Nomad
    "plan": "kilt job diff FILE --stage STAGE", "stop": "kilt job kill KEY", "status": "kilt job status KEY",
    "alloc": "kilt job status KEY", "alloc logs": "kilt job logs KEY", "alloc exec": "kilt job exec KEY/0 -- COMMAND",
    "alloc restart": "kilt job restart KEY/0", "alloc stop": "kilt job restart KEY/0",
    "deployment": "kilt update list", "deployment list": "kilt update list",
    "deployment status": "kilt update status KEY", "deployment fail": "kilt job rollback KEY",
    "deployment pause": "kilt job pause KEY", "deployment resume": "kilt job resume KEY",
    "deployment promote": "kilt job update FILE --stage STAGE", "validate": "kilt job inspect FILE --stage STAGE",
    "node": "kilt scheduler drain --status", "node drain": "kilt scheduler drain",
    "node eligibility": "kilt scheduler drain --end", "node status": "kilt scheduler drain --status",
    "operator": "kilt scheduler backup", "operator snapshot": "kilt scheduler backup", "periodic": "kilt cron list",
    "periodic force": "kilt cron start KEY", "monitor": "kilt job logs KEY --follow",
    "inspect": "kilt job inspect FILE --stage STAGE",
    "ui": "kilt scheduler open", "acl": "kilt token list", "acl token": "kilt token list",
    "namespace": "kilt quota get",
    "deployment unblock": "kilt job resume KEY", "scaling": "kilt job scale KEY COUNT",
    "agent-info": "kilt doctor", "login": "kilt token list", "node-pool": "kilt scheduler drain --status",
    "recommendation": "kilt job sla KEY", "sentinel": "kilt job diff FILE --stage STAGE", "system": "kilt cache gc",
    "system gc": "kilt cache gc", "tls": "kilt token list", "var": "kilt job inspect FILE --stage STAGE",
    "volume": "kilt job inspect FILE --stage STAGE", "license": "kilt --version",
    "keygen": "kilt artifacts keygen FILE",
    "agent": "kilt scheduler", "server": "kilt scheduler", "revert": "kilt job rollback KEY RELEASE",
    // Kamal
    "redeploy": "kilt deploy FILE --stage STAGE", "rollback": "kilt job rollback KEY", "setup": "kilt init",
    "app": "kilt job status KEY", "app logs": "kilt job logs KEY", "app exec": "kilt job exec KEY/0 -- COMMAND",
    "app boot": "kilt job restart KEY", "app stop": "kilt job kill KEY", "app details": "kilt job status KEY",
    "details": "kilt job list", "remove": "kilt job kill KEY", "build": "kilt package TARGET",
    "push": "kilt publish TARGET", "app live": "kilt job status KEY", "app containers": "kilt job status KEY",
    "app images": "kilt artifacts list", "app version": "kilt job status KEY", "prune": "kilt artifacts gc",
    "secrets": "kilt job inspect FILE --stage STAGE", "accessory": "kilt job list", "registry": "kilt artifacts list",
    "maintenance": "kilt scheduler drain", "docs": "kilt --help", "upgrade": "kilt --version",
    // Aurora's client, Docker and systemd
    "task": "kilt job exec KEY/0 -- COMMAND", "task run": "kilt job exec KEY --all -- COMMAND",
    "task ssh": "kilt job exec KEY/0 -- sh", "config": "kilt job inspect FILE --stage STAGE",
    "sla": "kilt job status KEY",
    "sla_list": "kilt job sla KEY", "host_drain": "kilt scheduler drain",
    "host_activate": "kilt scheduler drain --end", "host_status": "kilt scheduler drain --status",
    "journalctl": "kilt job logs KEY", "systemctl": "kilt job status KEY", "reload": "kilt job restart KEY",
    "enable": "kilt deploy FILE --stage STAGE", "disable": "kilt job kill KEY", "images": "kilt artifacts list",
    "pull": "kilt artifacts fetch NAME@COMMIT", "rmi": "kilt artifacts gc", "rm": "kilt job kill KEY",
    "stats": "kilt job status KEY", "compose": "kilt deploy FILE --stage STAGE",
    "compose up": "kilt deploy FILE --stage STAGE",
    "compose down": "kilt job kill KEY", "compose logs": "kilt job logs KEY", "compose ps": "kilt job list",
    "service": "kilt job list", "service update": "kilt job update FILE --stage STAGE",
    "service ps": "kilt job status KEY",
    "service scale": "kilt job scale KEY COUNT", "service rollback": "kilt job rollback KEY",
    "service logs": "kilt job logs KEY",
    "stack": "kilt job list", "stack deploy": "kilt deploy FILE --stage STAGE",
    "ps": "kilt job list", "up": "kilt deploy FILE --stage STAGE", "down": "kilt job kill KEY",
    "kill": "kilt job kill KEY", "restart": "kilt job restart KEY", "create": "kilt job create FILE --stage STAGE",
    "history": "kilt job history KEY", "start": "kilt deploy FILE --stage STAGE",
    // Below `kilt job`
    "job run": "kilt deploy FILE --stage STAGE", "job plan": "kilt job diff FILE --stage STAGE",
    "job validate": "kilt job lint FILE", "job init": "kilt job new NAME", "job deployments": "kilt update list",
    "job allocs": "kilt job status KEY", "job periodic": "kilt cron start KEY", "job tag": "kilt job history KEY",
    "job scaling-events": "kilt job history KEY", "job get": "kilt job list", "job delete": "kilt job kill KEY",
    "killall": "kilt job kill KEY", "add": "kilt job scale KEY COUNT", "deploy": "kilt job update FILE --stage STAGE",
    "undo": "kilt job rollback KEY", "cancel-update": "kilt job abort KEY", "dispatch": "kilt cron start KEY",
    "promote": "kilt job update FILE --stage STAGE", "eval": "kilt job status KEY", "show": "kilt job status KEY",
    "info": "kilt update status KEY", "wait": "kilt update status KEY --wait",
  ]
}
