extension TemplateLibrary {
  static let pythonService = #"""
    # Services from a bundle that `kilt publish` put into the repository. The executor places it in the sandbox.
    include("kilt/health.aurora")

    # {"port": 80, "debug": True, "verbose": False, "host": None, "tag": ["a", "b"]} as a list of shell words:
    # --port=80 --debug --tag=a --tag=b
    def command_line_flags(flags):
        words = []
        for name, value in flags.items():
            flag = "--" + name.replace("_", "-")
            if value == None or value == False or value == "":
                continue
            for item in value if type(value) == "list" else [value]:
                words.append(flag if item == True else shell_quote("%s=%s" % (flag, item)))
        return words

    # A process that runs the job's bundle: its own flags, further arguments, and variables of the environment.
    def pex_process(name = None, flags = {}, arguments = [], environment = {}, file = "{{build.file}}", **fields):
        variables = {"KILT_COMMIT": build.version}
        variables.update(environment)
        exports = ["export"] + ["%s=%s" % (key, shell_quote(str(value))) for key, value in variables.items()]
        words = ["exec", "./" + file] + command_line_flags(flags) + [shell_quote(str(word)) for word in arguments]
        return Process(
            name = name or "{{build.name}}",
            cmdline = " ".join(exports) + "\n" + " ".join(words),
            **fields
        )

    # A service of one bundle, kept running. `before` are processes that must succeed first (installers, migrations),
    # `beside` run with it (a proxy), `port` is announced, and `fields` are further fields of the job.
    def pex_service(flags = {}, arguments = [], environment = {}, health = None, port = "http", before = [], beside = [],
                    artifacts = [], update = None, announce = True, **fields):
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
            ),
            health_check_config = health or http_health(port = port),
            announce = Announcer(primary_port = port) if announce else None,
            update_config = update or UpdateConfig(watch_secs = 10, max_total_failures = 0),
            **fields
        )

    """#

  static let queueWorker = #"""
    # Workers that take messages from a queue: like services, but nobody calls them, so nothing is announced and any
    # number may be replaced at a time.
    include("kilt/python_service.aurora")

    def queue_worker(flags = {}, arguments = [], environment = {}, health = None, before = [], beside = [],
                     artifacts = [], update = None, **fields):
        return pex_service(
            flags = flags,
            arguments = arguments,
            environment = environment,
            health = health,
            before = before,
            beside = beside,
            artifacts = artifacts,
            announce = False,
            update = update or UpdateConfig(batch_size = max(1, config.get("instances", 1) // 4), watch_secs = 5),
            **fields
        )

    """#

  static let installers = #"""
    # Processes that prepare the sandbox. Artifacts named by a task lie in the sandbox before its first process runs;
    # these unpack them. Use with order(), SequentialTask, or `before` of pex_service.

    def _installer(name, cmdline):
        return Process(name = name, cmdline = cmdline, max_failures = 3, min_duration = 1)

    # A process name for what is done to a file.
    def _name(verb, path):
        word = path.strip("./")
        return verb + "_" + "".join([c if c.isalnum() or c in "._-" else "_" for c in word.elems()])

    # Unpacks a tar archive, compressed or not, into `directory`.
    def install_tar(file, directory = ".", name = None):
        target = shell_quote(directory)
        return _installer(
            name or _name("install", file),
            "mkdir -p %s && tar -xf %s -C %s" % (target, shell_quote(file), target),
        )

    # Unpacks a file compressed with gzip to `target`.
    def install_gzip(file, target, name = None):
        return _installer(
            name or _name("install", file),
            "gzip -dc %s > %s.part && mv %s.part %s" % tuple([shell_quote(path) for path in (file, target, target, target)]),
        )

    # Writes a text file, with {{variables}} filled in: a configuration file made from the job's values.
    def install_text(path, text, name = None, mode = "644"):
        lines = [
            "mkdir -p \"$(dirname %s)\"" % shell_quote(path),
            "cat > %s <<'KILT_END_OF_TEXT'" % shell_quote(path),
            text.rstrip("\n"),
            "KILT_END_OF_TEXT",
            "chmod %s %s" % (mode, shell_quote(path)),
        ]
        return _installer(name or _name("write", path), "\n".join(lines))

    # A JVM's command line for a jar: heap from the job's memory limit, JMX on a port of its own when `jmx` is set.
    def java_process(jar, name = None, arguments = [], heap_percent = 75, jmx = False, options = [], **fields):
        words = ["exec", "java", "-Xmx%dm" % (config.ram * heap_percent // 100 // MB)] + options
        if jmx:
            words += [
                "-Dcom.sun.management.jmxremote.port={{thermos.ports[jmx]}}",
                "-Dcom.sun.management.jmxremote.authenticate=false",
                "-Dcom.sun.management.jmxremote.ssl=false",
            ]
        words += ["-jar", shell_quote(jar)] + [shell_quote(str(word)) for word in arguments]
        return Process(name = name or "java", cmdline = " ".join(words), **fields)

    """#
}
