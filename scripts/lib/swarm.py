"""A Docker Swarm of real daemons in network namespaces of their own, without a way out, and a scheduler beside them.

Needs root. Traffic stays between the namespaces: none has a default route.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time


def run(*command, check=True, **options):
    result = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if check and result.returncode != 0:
        raise SystemExit(f"error: {' '.join(map(str, command))} failed: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


def install():
    """Installs the Docker engine where it is missing: 66 MB of packages, half a minute."""
    if shutil.which("dockerd") and shutil.which("iptables"):
        return
    print("installing docker.io and iptables", flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run("apt-get", "update", "-qq", env=environment)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "docker.io", "iptables", env=environment)


def until(what, condition, seconds=120.0):
    """Waits for a state, and returns what the condition gave."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"error: not within {seconds:g} s: {what}")
        time.sleep(0.1)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Swarm:
    def __init__(self, directory, size=3, managers=1, network="10.98.7"):
        self.directory, self.size, self.managers, self.network = directory, size, managers, network
        # Namespaces and control groups are known by name on the whole machine: another run has other names.
        self.prefix = f"kilt{os.getpid()}-{os.path.basename(directory)[-4:]}-"
        self.daemons = {}
        self.certificates = None

    def authority(self, name):
        """A certificate authority with a key and a certificate for the first manager and its clients, in a directory."""
        place = f"{self.directory}/tls-{name}"
        os.makedirs(place, mode=0o700)
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{place}/ca.key", "-out", f"{place}/ca.pem")
        for role, usage in (("server", "serverAuth"), ("client", "clientAuth")):
            with open(f"{place}/{role}.ext", "w") as file:
                file.write(f"subjectAltName=IP:{self.network}.1\nextendedKeyUsage={usage}\n")
            run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={role}",
                "-keyout", f"{place}/{role}.key", "-out", f"{place}/{role}.csr")
            run("openssl", "x509", "-req", "-days", "2", "-in", f"{place}/{role}.csr", "-CA", f"{place}/ca.pem",
                "-CAkey", f"{place}/ca.key", "-CAcreateserial", "-extfile", f"{place}/{role}.ext",
                "-out", f"{place}/{role}.pem")
        return place

    def tls_options(self, place):
        """The options of a scheduler that reaches the first manager by TLS."""
        return ["--docker", f"https://{self.network}.1:2376", "--docker-tls-ca", f"{self.certificates}/ca.pem",
                "--docker-tls-certificate", f"{place}/client.pem", "--docker-tls-key", f"{place}/client.key"]

    def namespace(self, node=None):
        return f"{self.prefix}{'hub' if node is None else node}"

    def inside(self, node=None):
        return ["nsenter", f"--net=/run/netns/{self.namespace(node)}"]

    def socket(self, node):
        return f"{self.directory}/n{node}/sock"

    def docker(self, node, *words, check=True):
        return run("docker", "-H", f"unix://{self.socket(node)}", *words, check=check)

    def up(self):
        with open(f"{self.directory}/empty.json", "w") as file:
            file.write("{}")
        self.certificates = self.authority("own")
        hub = self.namespace()
        run("ip", "netns", "add", hub)
        for words in (["link", "set", "lo", "up"], ["link", "add", "br0", "type", "bridge"],
                      ["link", "set", "br0", "up"], ["addr", "add", f"{self.network}.254/24", "dev", "br0"]):
            run("ip", "-n", hub, *words)
        for node in range(1, self.size + 1):
            name = self.namespace(node)
            os.makedirs(f"{self.directory}/n{node}")
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", f"p{node}", "netns", hub)
            run("ip", "-n", hub, "link", "set", f"p{node}", "master", "br0", "up")
            run("ip", "-n", name, "addr", "add", f"{self.network}.{node}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            self.start(node)
        for node in range(1, self.size + 1):
            self.wait(node)
        first = f"{self.network}.1"
        self.docker(1, "swarm", "init", "--advertise-addr", first, "--listen-addr", f"{first}:2377")
        # Before the others join: the first failure is otherwise seen after 15 s alone.
        self.docker(1, "swarm", "update", "--dispatcher-heartbeat", "1s")
        for node in range(2, self.size + 1):
            role = "manager" if node <= self.managers else "worker"
            token = self.docker(1, "swarm", "join-token", "-q", role).strip()
            self.docker(node, "swarm", "join", "--token", token, "--advertise-addr", f"{self.network}.{node}",
                        f"{first}:2377")

    def start(self, node):
        place = f"{self.directory}/n{node}"
        # A name of its own by a UTS namespace; `ip netns exec` would hide the control groups.
        script = (
            f"hostname n{node}; exec dockerd --data-root {place}/data --exec-root {place}/exec --pidfile {place}/pid"
            f" -H unix://{place}/sock --storage-driver overlay2 --cgroup-parent /{self.prefix}-n{node}"
            f" --config-file {self.directory}/empty.json --shutdown-timeout 5")
        if node == 1:
            script += (
                f" -H tcp://{self.network}.1:2376 --tlsverify --tlscacert {self.certificates}/ca.pem"
                f" --tlscert {self.certificates}/server.pem --tlskey {self.certificates}/server.key")
        with open(f"{place}/log", "a") as log:
            self.daemons[node] = subprocess.Popen(
                [*self.inside(node), "unshare", "-u", "sh", "-c", script], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)

    def wait(self, node):
        def answers():
            try:
                connection = UnixConnection(self.socket(node))
                connection.request("GET", "/_ping")
                return connection.getresponse().status == 200
            except OSError:
                return False
        until(f"the engine of n{node} answers; its log is {self.directory}/n{node}/log", answers, 60)

    def kill(self, node):
        self.daemons[node].kill()
        self.daemons[node].wait()

    def cut(self, node, is_cut=True):
        run("ip", "-n", self.namespace(), "link", "set", f"p{node}", "down" if is_cut else "up")

    def load(self, archive, nodes=None):
        for node in nodes or range(1, self.size + 1):
            self.docker(node, "load", "-q", "-i", archive)

    def down(self):
        for daemon in self.daemons.values():
            daemon.terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(40)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        # A daemon that was killed leaves its containers and their shims.
        for node in range(1, self.size + 1):
            for root, _, files in os.walk(f"/sys/fs/cgroup/pids/{self.prefix}-n{node}"):
                if "cgroup.procs" in files:
                    self.end(open(f"{root}/cgroup.procs").read().split())
            self.end(
                process for process in os.listdir("/proc")
                if process.isdigit() and f"{self.directory}/n{node}/exec/" in self.command(process))
        time.sleep(0.3)
        with open("/proc/mounts") as mounts:
            places = [line.split()[1] for line in mounts]
        for place in sorted((p for p in places if p.startswith(self.directory)), reverse=True):
            run("umount", "-l", place, check=False)
        for node in range(1, self.size + 1):
            run("ip", "netns", "del", self.namespace(node), check=False)
        run("ip", "netns", "del", self.namespace(), check=False)
        run("sh", "-c", f"find /sys/fs/cgroup -depth -type d -path '*/{self.prefix}-n*' -exec rmdir {{}} + 2>/dev/null",
            check=False)

    @staticmethod
    def command(process):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as file:
                return file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""

    @staticmethod
    def end(processes):
        for process in processes:
            try:
                os.kill(int(process), signal.SIGKILL)
            except ProcessLookupError:
                pass


class Scheduler:
    """A scheduler in the namespace of the bridge, which every node reaches."""

    def __init__(self, swarm, programs, image, state, manager=1, arguments=()):
        self.swarm, self.programs, self.image, self.state = swarm, programs, image, state
        self.arguments = arguments
        self.docker_options = ["--docker", f"unix://{swarm.socket(manager)}"]
        self.address = f"{swarm.network}.254:8081"
        self.process = None

    def start(self):
        with open(f"{self.state}.log", "a") as log:
            self.process = subprocess.Popen(
                [*self.swarm.inside(), f"{self.programs}/kilt-scheduler", "--state-directory", self.state,
                 "--cluster", "swarm", "--listen", self.address, "--engine", "swarm",
                 *self.docker_options, "--image", self.image, "--advertise", f"https://{self.address}",
                 *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until(f"the scheduler answers; its log is {self.state}.log", self.answers, 60)

    def answers(self):
        if self.process.poll() is not None:
            raise SystemExit(f"error: the scheduler ended; its log is {self.state}.log")
        try:
            return self.call("GET", "/health", raw=True) is not None
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def call(self, method, path, body=None, raw=False):
        connection = UnixConnection(f"{self.state}/socket/api.sock")
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        content = answer.read()
        if raw:
            return content
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return json.loads(content)

    # Jobs

    def job(self, name, command, instances=1, **changes):
        resources = dict(cpu=0.02, ram=24 << 20, disk=32 << 20, processes=32)
        resources.update(changes.pop("resources", {}))
        process = dict(name="main", cmdline=command, max_failures=1, daemon=False, ephemeral=False, min_duration=0,
                       final=False)
        job = dict(
            key=f"swarm/www-data/devel/{name}", service=True, instances=instances,
            task=dict(name=name, processes=[process], constraints=[], finalization_wait=5, resources=resources))
        job["update"] = dict(
            strategy=dict(kind="batch", batch_size=changes.pop("batch", 1), autopause=False), watch=1,
            max_per_instance_failures=0, max_total_failures=0, rollback_on_failure=True, start_first=False,
            sla_aware=False)
        job.update(changes)
        return job

    def create(self, job):
        self.call("POST", "/api/jobs", job)

    def path(self, job):
        return f"/api/jobs/{job['key']}"

    def instances(self, job):
        return self.call("GET", self.path(job))["instances"]

    def running(self, job, count=None):
        """The running tasks by instance, when there are as many as there should be."""
        tasks = {one["instance"]: one["task_id"] for one in self.instances(job) if one["status"] == "RUNNING"}
        return tasks if len(tasks) == (job["instances"] if count is None else count) else None

    def kill_job(self, job):
        self.call("POST", self.path(job) + "/kill", {})

    def nodes(self):
        return {node["hostname"]: node for node in self.call("GET", "/api/nodes")["nodes"]}
