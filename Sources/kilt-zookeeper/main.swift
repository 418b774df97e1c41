import Glibc
import ZooKeeper

exit(ZooKeeperCommand.run(arguments: Array(CommandLine.arguments.dropFirst())))
