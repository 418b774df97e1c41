#define _GNU_SOURCE
#include "CPostgresShims.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

typedef struct pg_conn C;
typedef struct pg_result R;

static struct {
  C *(*connectdbParams)(const char *const *, const char *const *, int);
  int (*status)(const C *);
  char *(*errorMessage)(const C *);
  void (*finish)(C *);
  R *(*execParams)(C *, const char *, int, const unsigned *, const char *const *, const int *, const int *, int);
  int (*resultStatus)(const R *);
  char *(*resultErrorField)(const R *, int);
  int (*ntuples)(const R *);
  int (*nfields)(const R *);
  unsigned (*ftype)(const R *, int);
  int (*getisnull)(const R *, int, int);
  char *(*getvalue)(const R *, int, int);
  void (*clear)(R *);
} lib;

static char failure[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int resolve(void *library, const char *name, void **function) {
  *function = dlsym(library, name);
  if (*function) return 1;
  snprintf(failure, sizeof failure, "libpq.so.5 has no function %s", name);
  return 0;
}

static void load(void) {
  void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(failure, sizeof failure, "%s", reason ? reason : "libpq.so.5 cannot be loaded");
    return;
  }
#define FUNCTION(name) \
  if (!resolve(library, "PQ" #name, (void **)&lib.name)) return
  FUNCTION(connectdbParams);
  FUNCTION(status);
  FUNCTION(errorMessage);
  FUNCTION(finish);
  FUNCTION(execParams);
  FUNCTION(resultStatus);
  FUNCTION(resultErrorField);
  FUNCTION(ntuples);
  FUNCTION(nfields);
  FUNCTION(ftype);
  FUNCTION(getisnull);
  FUNCTION(getvalue);
  FUNCTION(clear);
#undef FUNCTION
}

const char *kilt_pg_load(void) {
  pthread_once(&once, load);
  return failure[0] ? failure : NULL;
}

C *kilt_pg_connect(const char *const *keywords, const char *const *values) {
  return lib.connectdbParams(keywords, values, 1);
}
// CONNECTION_OK is 0.
int kilt_pg_is_connected(C *connection) { return lib.status(connection) == 0; }
const char *kilt_pg_error(C *connection) { return lib.errorMessage(connection); }
void kilt_pg_finish(C *connection) { lib.finish(connection); }
R *kilt_pg_execute(C *connection, const char *sql, int count, const char *const *values) {
  return lib.execParams(connection, sql, count, NULL, values, NULL, NULL, 0);
}
int kilt_pg_result_status(R *result) { return lib.resultStatus(result); }
// PG_DIAG_SQLSTATE is 'C'.
const char *kilt_pg_result_code(R *result) { return lib.resultErrorField(result, 'C'); }
int kilt_pg_row_count(R *result) { return lib.ntuples(result); }
int kilt_pg_column_count(R *result) { return lib.nfields(result); }
unsigned kilt_pg_column_type(R *result, int column) { return lib.ftype(result, column); }
const char *kilt_pg_value(R *result, int row, int column) {
  return lib.getisnull(result, row, column) ? NULL : lib.getvalue(result, row, column);
}
void kilt_pg_clear(R *result) { lib.clear(result); }
