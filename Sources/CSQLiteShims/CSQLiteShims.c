#define _GNU_SOURCE
#include "CSQLiteShims.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

typedef struct sqlite3 D;
typedef struct sqlite3_stmt S;

static struct {
  int (*open_v2)(const char *, D **, int, const char *);
  int (*close_v2)(D *);
  int (*errcode)(D *);
  const char *(*errmsg)(D *);
  int (*busy_timeout)(D *, int);
  int (*exec)(D *, const char *, void *, void *, char **);
  int (*prepare_v2)(D *, const char *, int, S **, const char **);
  int (*bind_text)(S *, int, const char *, int, void (*)(void *));
  int (*bind_int64)(S *, int, int64_t);
  int (*bind_null)(S *, int);
  int (*step)(S *);
  int (*reset)(S *);
  int (*finalize)(S *);
  int (*column_count)(S *);
  int (*column_type)(S *, int);
  int64_t (*column_int64)(S *, int);
  const unsigned char *(*column_text)(S *, int);
  int (*column_bytes)(S *, int);
} lib;

static char failure[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int resolve(void *library, const char *name, void **function) {
  *function = dlsym(library, name);
  if (*function) return 1;
  snprintf(failure, sizeof failure, "libsqlite3.so.0 has no function %s", name);
  return 0;
}

static void load(void) {
  void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(failure, sizeof failure, "%s", reason ? reason : "libsqlite3.so.0 cannot be loaded");
    return;
  }
#define FUNCTION(name) \
  if (!resolve(library, "sqlite3_" #name, (void **)&lib.name)) return
  FUNCTION(open_v2);
  FUNCTION(close_v2);
  FUNCTION(errcode);
  FUNCTION(errmsg);
  FUNCTION(busy_timeout);
  FUNCTION(exec);
  FUNCTION(prepare_v2);
  FUNCTION(bind_text);
  FUNCTION(bind_int64);
  FUNCTION(bind_null);
  FUNCTION(step);
  FUNCTION(reset);
  FUNCTION(finalize);
  FUNCTION(column_count);
  FUNCTION(column_type);
  FUNCTION(column_int64);
  FUNCTION(column_text);
  FUNCTION(column_bytes);
#undef FUNCTION
}

const char *kilt_sqlite_load(void) {
  pthread_once(&once, load);
  return failure[0] ? failure : NULL;
}

// SQLITE_OPEN_READWRITE, SQLITE_OPEN_CREATE and SQLITE_OPEN_NOMUTEX.
int kilt_sqlite_open(const char *path, D **database) { return lib.open_v2(path, database, 0x2 | 0x4 | 0x8000, NULL); }
int kilt_sqlite_close(D *database) { return lib.close_v2(database); }
int kilt_sqlite_error_code(D *database) { return lib.errcode(database) & 0xFF; }
const char *kilt_sqlite_error(D *database) { return lib.errmsg(database); }
int kilt_sqlite_busy_timeout(D *database, int milliseconds) { return lib.busy_timeout(database, milliseconds); }
int kilt_sqlite_execute(D *database, const char *sql) { return lib.exec(database, sql, NULL, NULL, NULL); }
int kilt_sqlite_prepare(D *database, const char *sql, S **statement) {
  return lib.prepare_v2(database, sql, -1, statement, NULL);
}
// SQLITE_TRANSIENT: SQLite copies the bytes.
int kilt_sqlite_bind_text(S *statement, int index, const char *text, int count) {
  return lib.bind_text(statement, index, text, count, (void (*)(void *))-1);
}
int kilt_sqlite_bind_integer(S *statement, int index, int64_t value) { return lib.bind_int64(statement, index, value); }
int kilt_sqlite_bind_null(S *statement, int index) { return lib.bind_null(statement, index); }
int kilt_sqlite_step(S *statement) { return lib.step(statement); }
int kilt_sqlite_reset(S *statement) { return lib.reset(statement); }
int kilt_sqlite_finalize(S *statement) { return lib.finalize(statement); }
int kilt_sqlite_column_count(S *statement) { return lib.column_count(statement); }
int kilt_sqlite_column_type(S *statement, int index) { return lib.column_type(statement, index); }
int64_t kilt_sqlite_column_integer(S *statement, int index) { return lib.column_int64(statement, index); }
const unsigned char *kilt_sqlite_column_text(S *statement, int index) { return lib.column_text(statement, index); }
int kilt_sqlite_column_bytes(S *statement, int index) { return lib.column_bytes(statement, index); }
