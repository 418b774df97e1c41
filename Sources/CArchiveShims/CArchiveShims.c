#define _GNU_SOURCE
#include "CArchiveShims.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

typedef struct archive A;
typedef struct archive_entry E;

static struct {
  const char *(*version_string)(void);
  const char *(*error_string)(A *);
  A *(*read_new)(void);
  int (*read_support_filter_all)(A *);
  int (*read_support_format_all)(A *);
  int (*read_support_format_raw)(A *);
  int (*read_open_fd)(A *, int, size_t);
  int (*read_next_header)(A *, E **);
  ssize_t (*read_data)(A *, void *, size_t);
  int (*read_free)(A *);
  int (*filter_count)(A *);
  A *(*write_new)(void);
  int (*write_set_format_gnutar)(A *);
  int (*write_add_filter_by_name)(A *, const char *);
  int (*write_set_options)(A *, const char *);
  int (*write_set_bytes_in_last_block)(A *, int);
  int (*write_open_fd)(A *, int);
  int (*write_header)(A *, E *);
  ssize_t (*write_data)(A *, const void *, size_t);
  int (*write_close)(A *);
  int (*write_free)(A *);
  E *(*entry_new)(void);
  void (*entry_free)(E *);
  const char *(*entry_pathname)(E *);
  const char *(*entry_pathname_utf8)(E *);
  const char *(*entry_hardlink)(E *);
  const char *(*entry_symlink)(E *);
  mode_t (*entry_filetype)(E *);
  mode_t (*entry_perm)(E *);
  int64_t (*entry_size)(E *);
  time_t (*entry_mtime)(E *);
  int (*entry_is_encrypted)(E *);
  void (*entry_set_pathname)(E *, const char *);
  void (*entry_set_size)(E *, int64_t);
  void (*entry_set_filetype)(E *, unsigned);
  void (*entry_set_perm)(E *, mode_t);
  void (*entry_set_mtime)(E *, time_t, long);
  void (*entry_set_uid)(E *, int64_t);
  void (*entry_set_gid)(E *, int64_t);
} lib;

static char failure[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int resolve(void *library, const char *name, void **function) {
  *function = dlsym(library, name);
  if (*function) return 1;
  snprintf(failure, sizeof failure, "libarchive is too old: it has no function %s", name);
  return 0;
}

static void load(void) {
  void *library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(failure, sizeof failure, "%s", reason ? reason : "libarchive.so.13: not found");
    return;
  }
#define FUNCTION(name) resolve(library, "archive_" #name, (void **)&lib.name)
  (void)(FUNCTION(version_string) && FUNCTION(error_string) && FUNCTION(read_new) && FUNCTION(read_support_filter_all) &&
         FUNCTION(read_support_format_all) && FUNCTION(read_support_format_raw) && FUNCTION(read_open_fd) && FUNCTION(read_next_header) &&
         FUNCTION(read_data) && FUNCTION(read_free) && FUNCTION(filter_count) && FUNCTION(write_new) &&
         FUNCTION(write_set_format_gnutar) && FUNCTION(write_add_filter_by_name) &&
         FUNCTION(write_set_options) && FUNCTION(write_set_bytes_in_last_block) && FUNCTION(write_open_fd) &&
         FUNCTION(write_header) && FUNCTION(write_data) && FUNCTION(write_close) && FUNCTION(write_free) &&
         FUNCTION(entry_new) && FUNCTION(entry_free) && FUNCTION(entry_pathname) &&
         FUNCTION(entry_pathname_utf8) && FUNCTION(entry_hardlink) &&
         FUNCTION(entry_symlink) && FUNCTION(entry_filetype) && FUNCTION(entry_perm) && FUNCTION(entry_size) && FUNCTION(entry_mtime) &&
         FUNCTION(entry_is_encrypted) && FUNCTION(entry_set_pathname) && FUNCTION(entry_set_size) &&
         FUNCTION(entry_set_filetype) && FUNCTION(entry_set_perm) && FUNCTION(entry_set_mtime) &&
         FUNCTION(entry_set_uid) && FUNCTION(entry_set_gid));
#undef FUNCTION
}

const char *kilt_archive_load(void) {
  pthread_once(&once, load);
  return failure[0] ? failure : NULL;
}

const char *kilt_archive_version(void) { return lib.version_string(); }
const char *kilt_archive_error(A *archive) { return lib.error_string(archive); }

A *kilt_archive_read_new(void) { return lib.read_new(); }
int kilt_archive_read_open(A *archive, int descriptor, size_t block) {
  // A filter that only an external program could undo gives a warning; such an archive then fails at its first entry.
  int code = lib.read_support_filter_all(archive);
  if (code < KILT_ARCHIVE_WARN) return code;
  code = lib.read_support_format_all(archive);
  if (code < KILT_ARCHIVE_WARN) return code;
  return lib.read_open_fd(archive, descriptor, block);
}
int kilt_archive_read_open_raw(A *archive, int descriptor, size_t block) {
  int code = lib.read_support_filter_all(archive);
  if (code < KILT_ARCHIVE_WARN) return code;
  code = lib.read_support_format_raw(archive);
  if (code < KILT_ARCHIVE_WARN) return code;
  return lib.read_open_fd(archive, descriptor, block);
}
int kilt_archive_filter_count(A *archive) { return lib.filter_count(archive); }
int kilt_archive_read_next(A *archive, E **entry) { return lib.read_next_header(archive, entry); }
ssize_t kilt_archive_read_data(A *archive, void *buffer, size_t count) { return lib.read_data(archive, buffer, count); }
int kilt_archive_read_free(A *archive) { return lib.read_free(archive); }

const char *kilt_archive_entry_path(E *entry) {
  // Formats that say that their names are UTF-8 give them so in any locale; of others the bytes are taken as they are.
  const char *path = lib.entry_pathname_utf8(entry);
  return path ? path : lib.entry_pathname(entry);
}
const char *kilt_archive_entry_hardlink(E *entry) { return lib.entry_hardlink(entry); }
const char *kilt_archive_entry_symlink(E *entry) { return lib.entry_symlink(entry); }
unsigned kilt_archive_entry_type(E *entry) { return lib.entry_filetype(entry); }
unsigned kilt_archive_entry_mode(E *entry) { return lib.entry_perm(entry); }
int64_t kilt_archive_entry_size(E *entry) { return lib.entry_size(entry); }
int64_t kilt_archive_entry_time(E *entry) { return (int64_t)lib.entry_mtime(entry); }
int kilt_archive_entry_is_encrypted(E *entry) { return lib.entry_is_encrypted(entry); }

A *kilt_archive_write_new(void) { return lib.write_new(); }
int kilt_archive_write_open(A *archive, int descriptor, const char *filter, const char *options) {
  // Names are bytes in this format, whatever the locale; others convert them by it.
  int code = lib.write_set_format_gnutar(archive);
  if (code == KILT_ARCHIVE_OK && filter) code = lib.write_add_filter_by_name(archive, filter);
  if (code == KILT_ARCHIVE_OK && options) code = lib.write_set_options(archive, options);
  // No padding behind a compressed stream.
  if (code == KILT_ARCHIVE_OK && filter) code = lib.write_set_bytes_in_last_block(archive, 1);
  return code == KILT_ARCHIVE_OK ? lib.write_open_fd(archive, descriptor) : code;
}
int kilt_archive_write_head(A *archive, const char *path, int64_t size, unsigned mode, int64_t time, int is_directory) {
  E *entry = lib.entry_new();
  if (!entry) return KILT_ARCHIVE_FATAL;
  lib.entry_set_pathname(entry, path);
  lib.entry_set_size(entry, size);
  lib.entry_set_filetype(entry, is_directory ? S_IFDIR : S_IFREG);
  lib.entry_set_perm(entry, mode);
  lib.entry_set_mtime(entry, (time_t)time, 0);
  lib.entry_set_uid(entry, 0);
  lib.entry_set_gid(entry, 0);
  int code = lib.write_header(archive, entry);
  lib.entry_free(entry);
  return code;
}
ssize_t kilt_archive_write_data(A *archive, const void *bytes, size_t count) {
  return lib.write_data(archive, bytes, count);
}
int kilt_archive_write_close(A *archive) { return lib.write_close(archive); }
int kilt_archive_write_free(A *archive) { return lib.write_free(archive); }
