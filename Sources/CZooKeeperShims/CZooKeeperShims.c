#define _GNU_SOURCE
#include "CZooKeeperShims.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct zhandle Z;
typedef void (*watcher)(Z *, int type, int state, const char *path, void *context);

struct id {
  char *scheme;
  char *id;
};
struct acl {
  int32_t perms;
  struct id id;
};
struct acl_vector {
  int32_t count;
  struct acl *data;
};
struct string_vector {
  int32_t count;
  char **data;
};
struct node_stat {
  int64_t czxid, mzxid, ctime, mtime;
  int32_t version, cversion, aversion;
  int64_t ephemeral_owner;
  int32_t data_length, children;
  int64_t pzxid;
};
struct client_id {
  int64_t client_id;
  char password[16];
};

static struct {
  Z *(*init)(const char *, watcher, int, const struct client_id *, void *, int);
  int (*close)(Z *);
  int (*state)(Z *);
  const struct client_id *(*client_id)(Z *);
  int (*set_servers)(Z *, const char *);
  int (*add_auth)(Z *, const char *, const char *, int, void (*)(int, const void *), const void *);
  int (*create)(Z *, const char *, const char *, int, const struct acl_vector *, int, char *, int);
  int (*delete)(Z *, const char *, int);
  int (*exists)(Z *, const char *, int, struct node_stat *);
  int (*get_children)(Z *, const char *, int, struct string_vector *);
  int (*get)(Z *, const char *, int, char *, int *, struct node_stat *);
  const char *(*error)(int);
  void (*set_debug_level)(int);
  int (*deallocate_strings)(struct string_vector *);
} lib;

struct kilt_zk {
  Z *handle;
  int wake;
};

static char failure[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int resolve(void *library, const char *name, void **function) {
  *function = dlsym(library, name);
  if (*function) return 1;
  snprintf(failure, sizeof failure, "libzookeeper_mt is too old: it has no function %s", name);
  return 0;
}

static void load(void) {
  void *library = dlopen("libzookeeper_mt.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(failure, sizeof failure, "%s", dlerror());
    return;
  }
  const struct {
    const char *name;
    void **function;
  } functions[] = {
      {"zookeeper_init", (void **)&lib.init},
      {"zookeeper_close", (void **)&lib.close},
      {"zoo_state", (void **)&lib.state},
      {"zoo_client_id", (void **)&lib.client_id},
      {"zoo_set_servers", (void **)&lib.set_servers},
      {"zoo_add_auth", (void **)&lib.add_auth},
      {"zoo_create", (void **)&lib.create},
      {"zoo_delete", (void **)&lib.delete},
      {"zoo_exists", (void **)&lib.exists},
      {"zoo_get_children", (void **)&lib.get_children},
      {"zoo_get", (void **)&lib.get},
      {"zerror", (void **)&lib.error},
      {"zoo_set_debug_level", (void **)&lib.set_debug_level},
      {"deallocate_String_vector", (void **)&lib.deallocate_strings},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++)
    if (!resolve(library, functions[index].name, functions[index].function)) return;
  // Nothing: it writes a line at each try to connect, many per second; states tell what matters.
  lib.set_debug_level(0);
}

const char *kilt_zk_load(void) {
  pthread_once(&once, load);
  return failure[0] ? failure : NULL;
}

static void notice(Z *handle, int type, int state, const char *path, void *context) {
  (void)handle, (void)type, (void)state, (void)path;
  struct kilt_zk *session = context;
  char byte = 1;
  // A full pipe wakes just as well.
  if (write(session->wake, &byte, 1) < 0) return;
}

struct kilt_zk *kilt_zk_open(const char *hosts, int timeout_milliseconds, int wake) {
  struct kilt_zk *session = malloc(sizeof *session);
  if (!session) return NULL;
  session->wake = wake;
  session->handle = lib.init(hosts, notice, timeout_milliseconds, NULL, session, 0);
  if (session->handle) return session;
  int code = errno;
  free(session);
  errno = code;
  return NULL;
}

void kilt_zk_close(struct kilt_zk *session) {
  lib.close(session->handle);
  free(session);
}

int kilt_zk_state(struct kilt_zk *session) { return lib.state(session->handle); }

int64_t kilt_zk_number(struct kilt_zk *session) {
  const struct client_id *id = lib.client_id(session->handle);
  return id ? id->client_id : 0;
}

int kilt_zk_set_hosts(struct kilt_zk *session, const char *hosts) { return lib.set_servers(session->handle, hosts); }

static void added(int code, const void *data) { (void)code, (void)data; }

int kilt_zk_add_auth(struct kilt_zk *session, const char *scheme, const char *credential, int length) {
  return lib.add_auth(session->handle, scheme, credential, length, added, NULL);
}

int kilt_zk_create(
    struct kilt_zk *session, const char *path, const char *data, int length, const struct kilt_zk_acl *acl, int count, int member,
    char *created, int size) {
  struct acl entries[32];
  if (count > 32) return -8;
  for (int index = 0; index < count; index++) {
    entries[index].perms = acl[index].permissions;
    entries[index].id.scheme = (char *)acl[index].scheme;
    entries[index].id.id = (char *)acl[index].id;
  }
  struct acl_vector vector = {count, entries};
  // ZOO_EPHEMERAL is 1, ZOO_SEQUENCE 2.
  return lib.create(session->handle, path, data, length, &vector, member ? 3 : 0, created, size);
}

int kilt_zk_delete(struct kilt_zk *session, const char *path) { return lib.delete(session->handle, path, -1); }

int kilt_zk_exists(struct kilt_zk *session, const char *path, int64_t *owner) {
  struct node_stat status = {0};
  int code = lib.exists(session->handle, path, 1, &status);
  *owner = status.ephemeral_owner;
  return code;
}

int kilt_zk_children(struct kilt_zk *session, const char *path, char **names, size_t *length) {
  struct string_vector vector = {0, NULL};
  *names = NULL, *length = 0;
  int code = lib.get_children(session->handle, path, 1, &vector);
  if (code) return code;
  size_t size = 0;
  for (int index = 0; index < vector.count; index++) size += strlen(vector.data[index]) + 1;
  char *all = malloc(size + 1);
  if (all) {
    for (int index = 0; index < vector.count; index++) {
      size_t count = strlen(vector.data[index]) + 1;
      memcpy(all + *length, vector.data[index], count);
      *length += count;
    }
    *names = all;
  } else {
    code = -1;
  }
  lib.deallocate_strings(&vector);
  return code;
}

int kilt_zk_get(struct kilt_zk *session, const char *path, char *buffer, int *length, int64_t *owner) {
  struct node_stat status = {0};
  int code = lib.get(session->handle, path, 1, buffer, length, &status);
  *owner = status.ephemeral_owner;
  return code;
}

const char *kilt_zk_error(int code) { return lib.error(code); }
