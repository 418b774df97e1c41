// The ZooKeeper C client (libzookeeper-mt), loaded with dlopen(3) when it is first used: only hosts with a ZooKeeper need it,
// and building needs no headers. The declarations are those of zookeeper.h of 3.4 to 3.8, whose ABI is stable.
#ifndef KILT_CZOOKEEPER_SHIMS_H
#define KILT_CZOOKEEPER_SHIMS_H

#include <stddef.h>
#include <stdint.h>

enum {
  KILT_ZK_OK = 0,
  KILT_ZK_CONNECTION_LOSS = -4,
  KILT_ZK_OPERATION_TIMEOUT = -7,
  KILT_ZK_INVALID_STATE = -9,
  KILT_ZK_NO_NODE = -101,
  KILT_ZK_NO_AUTH = -102,
  KILT_ZK_NODE_EXISTS = -110,
  KILT_ZK_SESSION_EXPIRED = -112,
  KILT_ZK_AUTH_FAILED = -115,
  KILT_ZK_SESSION_MOVED = -118
};

/// States of a session; every other is on its way to one of these.
enum { KILT_ZK_STATE_EXPIRED = -112, KILT_ZK_STATE_AUTH_FAILED = -113, KILT_ZK_STATE_CONNECTED = 3 };

enum { KILT_ZK_READ = 1, KILT_ZK_WRITE = 2, KILT_ZK_CREATE = 4, KILT_ZK_DELETE = 8, KILT_ZK_ADMIN = 16, KILT_ZK_ALL = 31 };

/// Who may do what with a node.
struct kilt_zk_acl {
  int32_t permissions;
  const char *scheme;
  const char *id;
};

struct kilt_zk;

/// Loads the library, once for the process. NULL when it is ready; otherwise why it is not, a string that stays valid.
const char *kilt_zk_load(void);

/// Begins a session. A byte is written to `wake` whenever the session's state or a watched node may have changed. NULL with errno.
struct kilt_zk *kilt_zk_open(const char *hosts, int timeout_milliseconds, int wake);
/// Ends the session, and with it its ephemeral nodes.
void kilt_zk_close(struct kilt_zk *session);
int kilt_zk_state(struct kilt_zk *session);
/// The session's number, which its ephemeral nodes name as their owner.
int64_t kilt_zk_number(struct kilt_zk *session);
int kilt_zk_set_hosts(struct kilt_zk *session, const char *hosts);
int kilt_zk_add_auth(struct kilt_zk *session, const char *scheme, const char *credential, int length);

/// Creates a node, ephemeral and with a number at the end of its name if `member` is not 0. Writes its path to `created`.
int kilt_zk_create(
    struct kilt_zk *session, const char *path, const char *data, int length, const struct kilt_zk_acl *acl, int count, int member,
    char *created, int size);
int kilt_zk_delete(struct kilt_zk *session, const char *path);
/// Watches the node too. `owner` gets the number of the session that owns an ephemeral node.
int kilt_zk_exists(struct kilt_zk *session, const char *path, int64_t *owner);
/// The names of a node's children, each ended by a zero byte, one after the other; freed by the caller. Watches the node too.
int kilt_zk_children(struct kilt_zk *session, const char *path, char **names, size_t *length);
/// The content of a node. `length` is the size of the buffer, and then that of the content; -1 for none.
int kilt_zk_get(struct kilt_zk *session, const char *path, char *buffer, int *length, int64_t *owner);
const char *kilt_zk_error(int code);

#endif
