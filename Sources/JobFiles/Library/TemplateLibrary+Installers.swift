extension TemplateLibrary {
  static let installers = #"""
    # Processes that prepare the sandbox. Artifacts named by a task lie in the sandbox before its first process runs;
    # these put them in place. Use with order(), SequentialTask, or `before` of pex_service. Archives are unpacked by
    # pex-runner, which refuses links, devices, paths that lead elsewhere, and archives that grow beyond reason.

    def _installer(name, cmdline):
        return Process(name = name, cmdline = cmdline, max_failures = 3, min_duration = 1)

    # A process name for what is done to a file.
    def _name(verb, path):
        word = path.strip("./")
        return verb + "_" + "".join([c if c.isalnum() or c in "._-" else "_" for c in word.elems()])

    # Makes a bundle of the task's artifacts callable as a program in `directory`: `bin/TOOL`.
    # Example: before = [install_pex("migrate.pex", program = "migrate")]
    def install_pex(file, program = None, directory = "bin", name = None):
        program = program or file.split("/")[-1].removesuffix(".pex")
        target = shell_quote(directory + "/" + program)
        lines = [
            "test -r %s" % shell_quote(file),
            "mkdir -p %s" % shell_quote(directory),
            "ln -sfn \"$PWD\"/%s %s" % (shell_quote(file), target),
        ]
        return _installer(name or _name("install", program), " && ".join(lines))

    # Puts a jar of the task's artifacts into `directory`, where a class path of `lib/*` finds it.
    # Example: before = [install_jar("metrics-4.2.jar")]
    def install_jar(file, directory = "lib", name = None):
        target = shell_quote(directory)
        lines = ["test -r %s" % shell_quote(file), "mkdir -p %s" % target, "ln -sfn \"$PWD\"/%s %s/" % (shell_quote(file), target)]
        return _installer(name or _name("install", file), " && ".join(lines))

    def _unpack(name, words):
        command = "\"${KILT_RUNNER:?this host has no pex-runner}\" unpack"
        return _installer(name, " ".join([command] + [shell_quote(str(word)) for word in words]))

    # Unpacks a tar archive (plain, gzip, bzip2, xz, zstd) into `directory`. `strip` leaves out leading parts of its paths.
    # Example: before = [install_tar("assets.tar.zst", directory = "static")]
    def install_tar(file, directory = ".", strip = 0, name = None):
        return _unpack(name or _name("install", file), ["--strip=%d" % strip, file, directory])

    # Unpacks a zip archive, such as a jar that a program reads as files, into `directory`.
    # Example: before = [install_zip("site.zip", directory = "static")]
    def install_zip(file, directory = ".", strip = 0, name = None):
        return _unpack(name or _name("install", file), ["--strip=%d" % strip, file, directory])

    # Unpacks a file compressed with gzip to `target`.
    # Example: before = [install_gzip("words.gz", "words.txt")]
    def install_gzip(file, target, name = None):
        return _unpack(name or _name("install", file), ["--file", file, target])

    # Unpacks a file compressed with zstd to `target`.
    # Example: before = [install_zstd("words.zst", "words.txt")]
    def install_zstd(file, target, name = None):
        return _unpack(name or _name("install", file), ["--file", file, target])

    # Writes a text file, with {{variables}} filled in.
    # Example: before = [install_text("motd", "instance {{mesos.instance}}")]
    def install_text(path, text, name = None, mode = "644"):
        return _installer(name or _name("write", path), _writing(path, text, mode))

    def _writing(path, text, mode):
        return "\n".join([
            "mkdir -p \"$(dirname %s)\"" % shell_quote(path),
            "cat > %s <<'KILT_END_OF_TEXT'" % shell_quote(path),
            text.rstrip("\n"),
            "KILT_END_OF_TEXT",
            "chmod %s %s" % (mode, shell_quote(path)),
        ])

    # Writes a configuration file from a Mustache template: `source` is a file beside this one, `text` the template itself;
    # `values` fill {{name}}, {{#list}}...{{/list}} and {{^absent}}...{{/absent}}. A name without a value is an error before
    # anything is submitted. `check` is a command that must succeed on the written file before the task goes on.
    # Example: before = [config_file("app.ini", text = "[db]\nhost={{host}}\n", values = {"host": args.db}, check = "grep -q host app.ini")]
    def config_file(path, source = None, text = None, values = {}, check = None, name = None, mode = "644"):
        if (source == None) == (text == None):
            fail("config_file: takes source or text, one of them")
        written = render(read_text(source) if source else text, values)
        cmdline = _writing(path, written, mode)
        if check:
            cmdline = "set -e\n" + cmdline + "\n" + check
        return _installer(name or _name("write", path), cmdline)

    # Ships a log file of the sandbox line by line to the standard input of `command`, from its beginning, across rotation.
    # Example: beside = [log_shipper("access.log", "logger -t web")]
    def log_shipper(file, command, name = None):
        cmdline = "exec tail -n +1 -F %s 2>/dev/null | %s" % (shell_quote(file), command)
        return Process(name = name or _name("ship", file), cmdline = cmdline, daemon = True, ephemeral = True, max_failures = 0)

    # An authenticating proxy in front of a service: a bundle of the task's artifacts that listens on the port `public` and
    # passes requests on to the port `private`, where the service listens on loopback: from outside, nobody reaches it past the
    # proxy. The bundle is services/authproxy of the example, or one with the same options.
    # Example: beside = [auth_proxy()]
    def auth_proxy(file = "authproxy.pex", public = "public", private = "private", flags = {}, name = "authproxy"):
        words = [
            "exec", "./" + file, "--listen-port={{thermos.ports[%s]}}" % public,
            "--upstream=http://127.0.0.1:{{thermos.ports[%s]}}" % private,
        ] + ["--%s=%s" % (key.replace("_", "-"), shell_quote(str(value))) for key, value in flags.items()]
        return Process(name = name, cmdline = " ".join(words), max_failures = 0)

    """#

  static let jvm = #"""
    # Services from a jar of the artifact repository.
    include("kilt/health.aurora")

    # A JVM's command line for a jar: heap from the job's memory limit, JMX on a port of its own when `jmx` is set. Further
    # fields are those of Process.
    # Example: run = java_process("metrics-4.2.jar", jmx = True)
    def java_process(jar, name = None, arguments = [], heap_percent = 75, jmx = False, options = [], **fields):
        words = ["exec", "java", "-Xmx%dm" % (config.ram * heap_percent // 100 // MB)] + options
        if jmx:
            words += [
                "-Dcom.sun.management.jmxremote.port={{thermos.ports[jmx]}}",
                "-Dcom.sun.management.jmxremote.rmi.port={{thermos.ports[jmx]}}",
                "-Dcom.sun.management.jmxremote.authenticate=false",
                "-Dcom.sun.management.jmxremote.ssl=false",
                "-Dcom.sun.management.jmxremote.host=127.0.0.1",
            ]
        words += ["-jar", shell_quote(jar)] + [shell_quote(str(word)) for word in arguments]
        return Process(name = name or "java", cmdline = " ".join(words), **fields)

    # A JVM service, kept running: heap from the job's memory limit, JMX on a port of its own on loopback. Further fields
    # are those of Job.
    # Example: jobs = [jvm_service("metrics-4.2.jar", arguments = ["--port={{thermos.ports[http]}}"])]
    def jvm_service(jar, arguments = [], heap_percent = 75, jmx = True, options = [], health = None, port = "http",
                    before = [], beside = [], artifacts = [], secrets = {}, volumes = [], update = None, announce = True,
                    **fields):
        check_job_fields("jvm_service", fields, "jar, arguments, heap_percent, jmx, options, health, port, before, beside, " +
                         "artifacts, secrets, volumes, update, announce")
        run = java_process(jar, arguments = arguments, heap_percent = heap_percent, jmx = jmx, options = options)
        return Service(
            task = Task(
                name = "{{build.name}}",
                processes = before + [run] + beside,
                constraints = order(*(before + [run])) if before else [],
                artifacts = artifacts,
                secrets = secrets,
                volumes = volumes,
            ),
            health_check_config = health or http_health(port = port, grace = 60),
            announce = Announcer(primary_port = port) if announce else None,
            update_config = update or UpdateConfig(watch_secs = 30),
            **fields
        )

    """#
}
