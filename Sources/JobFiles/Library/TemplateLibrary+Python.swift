extension TemplateLibrary {
  static let pythonService = #"""
    # Services from a bundle that `kilt publish` put into the repository. The executor places it in the sandbox.
    include("kilt/health.aurora")

    # {"port": 80, "debug": True, "verbose": False, "host": None, "tag": ["a", "b"]} as a list of shell words:
    # --port=80 --debug --tag=a --tag=b
    # Example: words = command_line_flags({"threads": args.threads})
    def command_line_flags(flags):
        words = []
        for name, value in flags.items():
            flag = "--" + name.replace("_", "-")
            if value == None or value == False or value == "":
                continue
            for item in value if type(value) == "list" else [value]:
                words.append(flag if item == True else shell_quote("%s=%s" % (flag, item)))
        return words

    # A process that runs the job's bundle: its own flags, further arguments, and variables of the environment. Further
    # fields are those of Process.
    # Example: run = pex_process(flags = {"port": "{{thermos.ports[http]}}"}, max_failures = 3)
    def pex_process(name = None, flags = {}, arguments = [], environment = {}, file = "{{build.file}}", **fields):
        exports = ["export"] + ["%s=%s" % (key, shell_quote(str(value))) for key, value in environment.items()]
        words = ["exec", "./" + file] + command_line_flags(flags) + [shell_quote(str(word)) for word in arguments]
        return Process(
            name = name or "{{build.name}}",
            cmdline = (" ".join(exports) + "\n" if environment else "") + " ".join(words),
            **fields
        )

    # A service of one bundle, kept running. `before` are processes that must succeed first (installers, migrations),
    # `beside` run with it (a proxy), `port` is announced. `secrets` are files in memory by name, `volumes` directories of the
    # host. Further fields are those of Job.
    # Example: jobs = [pex_service(flags = {"port": "{{thermos.ports[http]}}"}, health = http_health())]
    def pex_service(flags = {}, arguments = [], environment = {}, health = None, port = "http", before = [], beside = [],
                    artifacts = [], secrets = {}, volumes = [], update = None, announce = True, **fields):
        check_job_fields("pex_service", fields, "flags, arguments, environment, health, port, before, beside, artifacts, " +
                         "secrets, volumes, update, announce")
        run = pex_process(flags = flags, arguments = arguments, environment = environment)
        constraints = order(*(before + [run])) if before else []
        for process in beside:
            if before:
                constraints = constraints + order(*(before + [process]))
        return Service(
            task = Task(
                name = "{{build.name}}",
                processes = before + [run] + beside,
                constraints = constraints,
                artifacts = artifacts,
                secrets = secrets,
                volumes = volumes,
            ),
            health_check_config = health or http_health(port = port),
            announce = Announcer(primary_port = port) if announce else None,
            update_config = update or UpdateConfig(watch_secs = 10, max_total_failures = 0),
            **fields
        )

    """#

  static let queueWorker = #"""
    # Workers that take messages from a queue: like services, but nobody calls them, so nothing is announced and any
    # number can be replaced at a time.
    include("kilt/python_service.aurora")

    # A worker of one bundle, kept running. Without a `health` check it is replaced when it logs nothing for `silence`
    # seconds. Further fields are those of Job.
    # Example: jobs = [queue_worker(flags = {"queue": args.queue}, silence = 600)]
    def queue_worker(flags = {}, arguments = [], environment = {}, health = None, silence = 900, before = [], beside = [],
                     artifacts = [], secrets = {}, volumes = [], update = None, **fields):
        check_job_fields("queue_worker", fields, "flags, arguments, environment, health, silence, before, beside, artifacts, " +
                         "secrets, volumes, update")
        return pex_service(
            flags = flags,
            arguments = arguments,
            environment = environment,
            health = health or log_silence_health(seconds = silence, process = build.name),
            before = before,
            beside = beside,
            artifacts = artifacts,
            secrets = secrets,
            volumes = volumes,
            announce = False,
            update = update or UpdateConfig(batch_size = max(1, config.get("instances", 1) // 4), watch_secs = 5),
            **fields
        )

    """#
}
